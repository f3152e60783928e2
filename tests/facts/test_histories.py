"""Scripted histories of facts that change: what holds now is in the prompt, what held is out or
labelled, and a search as of then finds what held then.

The histories were written before the rules were read, by what people say and not by what the rules
know. The scripted model answers with what the author of a history took from each message.
"""

from __future__ import annotations

from collections import Counter

import pytest

from support.changing_facts import HISTORIES, Outcome, play

ENOUGH = {"model": 0.9, "rules": 0.6}
"""Least share of histories that come out right."""


def test_there_are_histories_of_every_kind():
    kinds = Counter(history["kind"] for history in HISTORIES)
    assert sum(kinds.values()) >= 60
    wanted = {"job", "address", "preference", "retraction", "negation", "two people"}
    assert wanted <= {kind for kind, number in kinds.items() if number >= 5}
    assert len({history["id"] for history in HISTORIES}) == len(HISTORIES)


@pytest.mark.parametrize("way", ENOUGH)
def test_what_holds_now_is_shown_and_what_held_is_labelled(way):
    outcomes = [play(history, model=way == "model") for history in HISTORIES]
    right = sum(outcome.right for outcome in outcomes)
    assert right >= ENOUGH[way] * len(outcomes), _told(outcomes)


@pytest.mark.parametrize("way", ENOUGH)
def test_whatever_else_goes_wrong_the_current_answer_is_in_the_prompt(way):
    missing = [
        outcome.history
        for outcome in (play(history, model=way == "model") for history in HISTORIES)
        if any(fault.startswith("the prompt does not say") for fault in outcome.faults)
    ]
    assert missing == []


def _told(outcomes: list[Outcome]) -> str:
    wrong = [outcome for outcome in outcomes if not outcome.right]
    return "\n".join(f"{o.history}: {'; '.join(o.faults)}" for o in wrong)
