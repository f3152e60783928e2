"""What schemathesis must be told about our interface: how lines of JSON are made of a text."""

import json

import schemathesis

ROOM = 10_000
"""Tokens that no text needs that is made here."""


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """A message that says the text; of anything else, lines that are no message."""
    if not isinstance(value, str):
        return b"[]\n"
    message = value if value.startswith("{") else json.dumps({"role": "user", "content": value})
    return message.encode("utf-8", "surrogatepass")


@schemathesis.hook
def map_body(context, body):
    """Room for the input: what it needs, and is refused below, no schema can say."""
    if isinstance(body, dict) and isinstance(budget := body.get("budget"), (int, float)):
        return {**body, "budget": max(budget, ROOM) if budget >= 1 else budget}
    return body
