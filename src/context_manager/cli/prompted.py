"""How a command answers with a prompt: as it is, explained, or as JSON.

Decides that a prompt alone needs nothing of what lays out the rest, which is imported when it is
asked for.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from context_manager.cli.invocation import Invocation
from context_manager.records import Context


def answer_with(call: Invocation, context: Context, *, explain: bool) -> None:
    """Answer with a prompt, and with why it is as it is if that is asked for."""
    if call.json:
        call.write_json(as_data(context))
        return
    call.write(context.text)
    if explain:
        from rich.rule import Rule

        from context_manager.cli.explaining import explanation

        call.out.print()
        call.out.print(Rule("why", style="bright_black"))
        call.out.print(explanation(context, call.out.width))


def as_data(context: Context) -> dict[str, Any]:
    """The prompt and its explanation as JSON-ready values."""
    data = asdict(replace(context, arranged=None))
    del data["arranged"]
    return data
