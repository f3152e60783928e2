"""The rules by which facts are found without a model: a table, read from ``rules.toml``.

This file decides what a rule is and how one reads a clause. Which sentences and clauses are read
at all is decided in `extracting`. English only; pure.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any

from context_manager.memory.facts import words
from context_manager.memory.facts.fact import Fact, folded, whose

Shape = Callable[[str], str]

SHAPES: dict[str, Shape] = {
    "thing": words.thing,
    "proper": words.proper,
    "street": words.street,
    "first_name": words.first_name,
    "trade": words.trade,
    "moment": words.moment,
    "branded": words.branded,
    "address": words.address,
    "phrase": words.manifold,
    "anything": str.strip,
    **{
        name: partial(words.word_of, name) for name in ("diets", "pets", "languages", "instruments")
    },
}
NAMES = ("proper", "first_name")
"""Shapes that need a capital letter, which hasty writers leave out."""

HASTY_LIMIT = 2
"""Words of a name written without a capital letter."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to state a fact; the fields are those of ``rules.toml``."""

    slot: str
    pattern: re.Pattern[str]
    text: str
    shape: str = "thing"
    negated: bool = False
    confidence: float = 0.9
    keep: str | None = None

    def read(self, clause: str, who: str, at: float, sources: tuple[str, ...]) -> Fact | None:
        """The fact that a clause states by this rule, None if it states none."""
        match = self.pattern.match(clause)
        if match is None:
            return None
        value, confidence = self._value(match["v"], hasty=clause.islower())
        about = words.short(match["s"]) if "s" in match.groupdict() else ""
        missing = "s" in match.groupdict() and not about
        if missing or (not value and self.keep != ""):
            return None
        pair = " or ".join(sorted((folded(value), folded(about))))
        head = folded(value).rpartition(" ")[2]
        return Fact(
            subject=who,
            slot=self.slot.format(v=folded(value), s=folded(about), pair=pair, head=head),
            value=value if self.keep is None else self.keep,
            text=self.text.format(who=who, whose=whose(who), s=about, v=value),
            said_at=at,
            source_ids=sources,
            confidence=confidence,
            negated=self.negated,
        )

    def _value(self, raw: str, *, hasty: bool) -> tuple[str, float]:
        if not (hasty and self.shape in NAMES):
            return SHAPES[self.shape](raw), self.confidence
        value = words.thing(raw)
        common = set(value.split()) & words.lexicon("common")
        if common or len(value.split()) > HASTY_LIMIT:
            return "", 0.0
        return value.title(), self.confidence - 0.2


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they are tried."""
    text = files("context_manager.memory.facts").joinpath("rules.toml").read_text("utf-8")
    table = tomllib.loads(text)
    return tuple(_rule(fields, table["abbreviations"]) for fields in table["rule"])


def _rule(fields: dict[str, Any], abbreviations: dict[str, str]) -> Rule:
    pattern = str(fields["pattern"])
    for short, long in abbreviations.items():
        pattern = pattern.replace(f"{{{short}}}", long)
    for name in ("occupations",):
        listed = "|".join(sorted(words.lexicon(name)))
        pattern = pattern.replace(f"{{{name}}}", f"(?:{listed})")
    return Rule(**{**fields, "pattern": re.compile(pattern)})
