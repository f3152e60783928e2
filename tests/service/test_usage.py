"""What `/usage` tells: figures of the user's latest operations, and never a text."""

from __future__ import annotations

from collections import OrderedDict

import pytest

from context_manager.service import usage

PROMPT = {"input": "Where does my sister live?"}


def rows(ask, name="build"):
    return [row for row in ask("GET", "/usage").data["items"] if row["name"] == name]


def test_a_prompt_is_counted_with_its_tokens_and_its_time(ask):
    built = ask("POST", "/context", json=PROMPT).data
    (row,) = rows(ask)
    assert (row["tokens"], row["budget"]) == (built["tokens"], built["budget"])
    assert row["seconds"] > 0
    assert row["reused"] is None, "nothing was before it"


def test_the_share_that_stands_again_is_told(ask):
    ask("POST", "/memory/pin", json={"text": "Answer in French, and be brief. " * 40})
    for _ in range(2):
        ask("POST", "/context", json=PROMPT)
    ask("POST", "/context", json={"input": "Something else entirely."})
    assert [row["reused"] for row in rows(ask)[:2]] == [None, 1.0]
    assert 0.5 < rows(ask)[2]["reused"] < 1


def test_sessions_are_compared_with_themselves(ask):
    for session in ("may", "june"):
        ask("POST", "/context", json={**PROMPT, "session_id": session})
    assert [row["reused"] for row in rows(ask)] == [None, None]


def test_users_see_their_own_operations_only(ask):
    ask("POST", "/context", json={**PROMPT, "user_id": "ines"})
    assert rows(ask) == []


def test_no_text_is_kept(ask, service):
    ask("POST", "/context", json={"input": "The password is swordfish."})
    assert "swordfish" not in repr(service.usage.__dict__)


def test_a_failed_operation_is_marked(ask):
    assert ask("POST", "/context", json={"input": "word " * 50, "budget": 3}).status == 422
    assert [(row["failed"], row["tokens"]) for row in rows(ask)] == [(True, None)]


@pytest.mark.parametrize(("last", "told"), [(1, [2]), (2, [1, 2]), (9, [0, 1, 2])])
def test_the_newest_turns_can_be_asked_for(ask, last, told):
    for text in ("one", "two", "three"):
        ask("POST", "/turns", json={"messages": [{"role": "user", "content": text}]})
    page = ask("GET", f"/turns?last={last}").data
    assert [turn["seq"] for turn in page["items"]] == told


def test_what_is_kept_is_bounded(service, manager):
    for number in range(usage.ROWS + 5):
        manager.scoped(user_id="ines", session_id=f"s{number}").build_context("Hello.")
    assert len(service.usage.of(manager.scoped(user_id="ines").scope.partition)) == usage.ROWS
    held = OrderedDict.fromkeys(range(3), 0)
    usage._keep(held, 3, 0, most=3)
    assert list(held) == [1, 2, 3]
