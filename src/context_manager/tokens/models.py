"""Decides which encoding counts for a model's name.

The table follows OpenAI's published assignment. A name that it does not know, such as a model of
another vendor or an OpenAI model of before 2022, is counted by the conservative approximation,
never by a guess at an encoding. This file loads nothing.
"""

from __future__ import annotations

APPROXIMATE = "approximate"
"""The name of the rule for models whose tokenizer is unknown; may be given as a model's name."""

_ENCODING_NAMES = {
    "cl100k_base": "cl100k_base",
    "o200k_base": "o200k_base",
    "o200k_harmony": "o200k_base",  # differs in special tokens only, and text holds none
    APPROXIMATE: APPROXIMATE,
}

# A family covers its bare name and the name followed by "-", ":" or "@" (versions, dates, tunings).
_FAMILIES = {
    "gpt-3.5": "cl100k_base",
    "gpt-35": "cl100k_base",  # as Azure spells it
    "gpt-4": "cl100k_base",
    "gpt-4o": "o200k_base",
    "gpt-4.1": "o200k_base",
    "gpt-4.5": "o200k_base",
    "chatgpt-4o": "o200k_base",
    "gpt-5": "o200k_base",
    "gpt-5.": "o200k_base",
    "gpt-oss": "o200k_base",
    "o1": "o200k_base",
    "o3": "o200k_base",
    "o4": "o200k_base",
    "text-embedding-3": "cl100k_base",
    "text-embedding-ada-002": "cl100k_base",
    "davinci-002": "cl100k_base",
    "babbage-002": "cl100k_base",
}

_HOSTS = {"openai", "azure", "openrouter", "github"}  # "openai/gpt-4o" is "gpt-4o"


def encoding_for(model: str) -> str:
    """Return the name of the encoding that counts for ``model``.

    Args:
        model: A model's name in any case, with or without a host (``"openai/gpt-4o"``) or the
            mark of a fine-tuned model (``"ft:gpt-4o:..."``); or the name of an encoding.

    Returns:
        ``"cl100k_base"``, ``"o200k_base"`` or `APPROXIMATE`.

    Example:
        >>> encoding_for("gpt-4"), encoding_for("gpt-4o-mini"), encoding_for("claude-opus")
        ('cl100k_base', 'o200k_base', 'approximate')
    """
    name = model.strip().lower()
    while name.partition("/")[0] in _HOSTS:
        name = name.partition("/")[2]
    name = name.removeprefix("ft:")
    if name in _ENCODING_NAMES:
        return _ENCODING_NAMES[name]
    families = [family for family in _FAMILIES if _covers(family, name)]
    return _FAMILIES[max(families, key=len)] if families else APPROXIMATE


def _covers(family: str, name: str) -> bool:
    rest = name[len(family) :]
    return name.startswith(family) and (not rest or rest[0] in "-:@" or family.endswith("."))
