"""What schemathesis must be told about our interface: how lines of JSON are made of a text."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """A message that says the text; of anything else, lines that are no message."""
    if not isinstance(value, str):
        return b"[]\n"
    message = value if value.startswith("{") else json.dumps({"role": "user", "content": value})
    return message.encode("utf-8", "surrogatepass")
