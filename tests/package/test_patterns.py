"""No text takes a regular expression of ours longer than in proportion to its length.

Proved by structure, not by the clock: no unbounded repeat stands in another one, and none that may
fail behind it stands where a search begins, where each start would run through the rest again.
`make soak` prints measured ratios as well.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from support.patterns import inline_patterns, patterns

PARSER = re._parser  # type: ignore[attr-defined]
CODES = re._constants  # type: ignore[attr-defined]
MANY = 1_000
REPEATS = {CODES.MAX_REPEAT, CODES.MIN_REPEAT}

NEVER_SEARCHED = {
    "context_manager.tokens.boundaries:_LAST": "matched in a window of bounded length",
    "context_manager.importing.times:_MONTH_FIRST": "matched against the whole of a short text",
    "context_manager.retrieval.stem:_LATIN": "matched against a word",
    "context_manager.memory.facts.second_thoughts:_BACK": "matched at a sentence's beginning",
    "context_manager.memory.facts.second_thoughts:_MEANT": "matched at a sentence's beginning",
}
"""Patterns that begin with a repeat, and why only one start is tried."""

DISTINCT = {
    "context_manager.context.repeats:_SAID": "a sign that is no letter stands before each repeat",
    "context_manager.retrieval.analysis:_TOKEN": "a sign, no digit, stands before each repeat",
    "context_manager.memory.facts.words:_PROPER": "a capital behind a blank begins each repeat",
    "context_manager.memory.facts.extracting:_BEGIN": "a word of a list begins each repeat",
    "context_manager.memory.facts.second_thoughts:_BACK": "a word of a list begins each repeat",
    "context_manager.memory.facts.second_thoughts:_MEANT": "a word of a list begins each repeat",
}
"""Repeats in repeats that can divide a text in one way only, and what divides it."""

UNITS = (
    "a", "a.", "((", "a ", "A1", " ", "\n", "\t\n", "-", "1", "1-", "1 ", "<", "<a", ":", "a:",
    "\\", "\u200b", "<\u200b", "{", "[", "(", "@", "a@", "a.b@", "eyJa", "-----BEGIN ", "x=",
    "'", '"',
    "\u00e9", "#", "*", "_", "aA", "a-", "/", "http://a:", "ignore a", "+1", "0 1", "sk-",
    "\r", "|", "`", "password=", "[a", "1 jan ", "a\n", "- ", "> ",
)  # fmt: skip
"""What worst cases are made of, repeated."""


def unbounded(items: Any) -> Iterator[Any]:
    """Every repeat without a small bound, at any depth; possessive ones never try again."""
    for code, value in items:
        if code in REPEATS and value[1] >= MANY:
            yield value[2]
        yield from (found for inner in _below(code, value) for found in unbounded(inner))


def _below(code: Any, value: Any) -> Iterator[Any]:
    if code in REPEATS:
        yield value[2]
    elif code is CODES.SUBPATTERN:
        yield value[3]
    elif code is CODES.BRANCH:
        yield from value[1]
    elif code in (CODES.ASSERT, CODES.ASSERT_NOT):
        yield value[1]


def begins_unbounded(items: Any) -> bool:
    """Whether a search starts with a repeat that something may fail behind."""
    rest = list(items)
    while rest:
        code, value = rest.pop(0)
        if code is CODES.SUBPATTERN:
            rest = [*value[3], *rest]
        elif code is CODES.BRANCH:
            return any(begins_unbounded([*branch, *rest]) for branch in value[1])
        elif code in REPEATS and value[1] >= MANY:
            return any(follower[0] not in (CODES.ASSERT_NOT,) for follower in rest)
        elif code in REPEATS and value[0] == 0:
            if begins_unbounded(value[2]) and rest:
                return True
        else:
            return False
    return False


@pytest.fixture(scope="module")
def shipped() -> dict[str, re.Pattern[str]]:
    """Every pattern; finding them imports every module, so not before it is needed."""
    found = patterns()
    assert len(found) > 50
    return found


def _tree(pattern: re.Pattern[str]) -> Any:
    return PARSER.parse(pattern.pattern, pattern.flags)


def test_no_unbounded_repeat_stands_in_another(shipped: dict[str, re.Pattern[str]]) -> None:
    wrong = {
        name: pattern.pattern
        for name, pattern in shipped.items()
        if name.partition("[")[0] not in DISTINCT
        and any(list(unbounded(body)) for body in unbounded(_tree(pattern)))
    }
    assert wrong == {}


def test_no_search_begins_with_an_unbounded_repeat(shipped: dict[str, re.Pattern[str]]) -> None:
    wrong = {
        name: pattern.pattern
        for name, pattern in shipped.items()
        if name.partition("[")[0] not in {*NEVER_SEARCHED, *DISTINCT}
        and begins_unbounded(_tree(pattern))
    }
    assert wrong == {}


def test_patterns_written_where_they_are_used_are_small() -> None:
    """They escape the search above, so they have two repeats at most."""
    for place, source in inline_patterns():
        assert source.count("+") + source.count("*") <= 2, f"{place}: {source}"


@pytest.mark.soak
def test_twice_the_text_takes_about_twice_the_time(shipped: dict[str, re.Pattern[str]]) -> None:
    """100 kB of each worst case; the slowest time and its ratio are printed, not judged."""
    for name, pattern in shipped.items():
        if name.partition("[")[0] in NEVER_SEARCHED:
            continue
        worst = (0.0, 0.0, "")
        for unit in UNITS:
            half, whole = (_seconds(pattern, unit, size) for size in (50_000, 100_000))
            worst = max(worst, (whole, whole / max(half, 1e-5), unit))
        print(f"{worst[0] * 1000:8.1f} ms  x{worst[1]:.1f}  {worst[2]!r}  {name}")  # noqa: T201


def _seconds(pattern: re.Pattern[str], unit: str, size: int) -> float:
    text = (unit * (size // len(unit) + 1))[:size]
    start = time.process_time()
    for _ in pattern.finditer(text):
        pass
    return time.process_time() - start
