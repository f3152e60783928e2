"""`context` and `query`: what a prompt would be, and what memory finds.

This file decides what these commands answer; how it looks stands in `explaining` and `listing`.
"""

from __future__ import annotations

import secrets
import sys
from typing import Annotated

from context_manager.cli.choosing import Kinds, known_kinds
from context_manager.cli.invocation import Invocation
from context_manager.cli.parameters import Argument, Option
from context_manager.cli.prompted import answer_with

Question = Annotated[str, Argument(help="What is asked; - reads it from standard input.")]


def context(
    call: Invocation,
    question: Question,
    budget: Annotated[
        int | None, Option("--budget", "-b", min=0, help="Most tokens of the prompt.")
    ] = None,
    explain: Annotated[
        bool, Option("--explain", help="Also show each piece: cost, score and reason.")
    ] = False,
) -> None:
    """Build the prompt for a question.

    Without --session the question opens a new conversation: nothing but what is remembered can be
    in the prompt. With --session its recent turns come first.
    """
    asked = given(question)
    session = f"new-{secrets.token_hex(4)}"
    with call.manager(session=session, builds=True) as manager:
        built = manager.build(asked, budget=budget)
    answer_with(call, built, explain=explain)


def query(
    call: Invocation,
    question: Question,
    k: Annotated[int, Option("-k", min=1, help="Hits at most.")] = 5,
    kind: Kinds = None,
) -> None:
    """Find the memories that answer best."""
    kinds = known_kinds(kind)
    with call.manager() as manager:
        hits = manager.search(given(question), k, kinds=kinds)
    from context_manager.cli.listing import hit_data, hit_table  # not needed for a prompt

    call.answer([hit_data(hit) for hit in hits], lambda out: out.print(hit_table(hits, out.width)))


def given(text: str) -> str:
    """The text of an argument, or of standard input (without its last line end) for "-"."""
    return sys.stdin.read().removesuffix("\n") if text == "-" else text
