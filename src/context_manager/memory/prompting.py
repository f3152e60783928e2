"""The summariser's prompts: data files by domain, filled in without ever reading text as a format.

This file decides how a template becomes a prompt. Templates hold ``{text}`` or ``{summaries}``;
any other brace, in the template or in what is filled in, stays as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias

from context_manager.memory.fencing import TAG, fenced
from context_manager.retrieval.analysis import WORD, index_terms

Level: TypeAlias = Literal["chunk", "hierarchical"]
Templates: TypeAlias = dict[str, str]

SLOTS: dict[Level, str] = {"chunk": "text", "hierarchical": "summaries"}
DOMAINS = ("general", "technical", "business", "creative")
WORDS_PER_TOKEN = 0.75
"""Of English prose; a model keeps a limit in words better than one in tokens."""

_CUES_NEEDED = 3
_SLOT = re.compile(r"\{(\w+)\}")


def filled(template: str, level: Level, source: str, target: int) -> str:
    """The whole prompt: our frame, then the template with the quoted source in its slot.

    A template without its slot gets the source at the end.

    Args:
        template: Instructions of one level.
        level: "chunk" or "hierarchical".
        source: The text to summarise, not yet fenced.
        target: Most tokens of the summary.
    """
    slot = SLOTS[level]
    if f"{{{slot}}}" not in template:
        template = f"{template}\n\n{{{slot}}}"
    values = {slot: fenced(source), "words": str(max(10, int(target * WORDS_PER_TOKEN)))}
    return (
        _fill(_read("frame.txt").strip(), {**values, "tag": TAG})
        + "\n\n"
        + _fill(template.strip(), values)
    )


def builtin_templates(domain: str) -> Templates:
    """The templates of one of `DOMAINS`, as a dict of its own."""
    domain_file = _load(domain)
    return {level: str(domain_file[level]) for level in SLOTS}


def likely_domain(text: str) -> str:
    """The domain whose typical words are most frequent in ``text``; "general" if none are."""
    found = index_terms(text)
    scores = {domain: sum(found[term] for term in _cues(domain)) for domain in DOMAINS}
    best = max(DOMAINS, key=lambda domain: scores[domain])
    return best if scores[best] >= _CUES_NEEDED else "general"


@cache
def _cues(domain: str) -> frozenset[str]:
    words = _load(domain)["cues"]
    terms: Counter[str] = Counter()
    for word in words:
        terms.update(index_terms(str(word)))
    return frozenset(term for term in terms if term.startswith(WORD))


@cache
def _load(domain: str) -> Mapping[str, list[str] | str]:
    import tomllib  # only where a summary is asked for

    return tomllib.loads(_read(f"{domain}.toml"))


@cache
def _read(name: str) -> str:
    return files("context_manager.memory").joinpath("prompts", name).read_text(encoding="utf-8")


def _fill(template: str, values: Mapping[str, str]) -> str:
    return _SLOT.sub(lambda match: values.get(match[1], match[0]), template)
