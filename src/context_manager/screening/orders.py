"""Finds attempts to give orders to whoever reads a memory: prompt injection.

A find is a reason to be careful, never a reason to drop a text: good detectors miss most attacks
and suspect harmless text. Decides what looks like an order; who said it is not known here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from context_manager.screening.finding import Finding

_WORDS = r"[\s\w,'\u2019]{0,40}?"
_TARGET = r"(?:instructions?|prompts?|rules|guidelines|directives|commands|context|orders)"
_EARLIER = r"(?:previous|prior|above|earlier|preceding|former|foregoing|existing|original|system)"


class _Order(NamedTuple):
    """One way to give an order.

    In an ASCII text that it matches stands one of `signs`, whatever the case: so most texts, which
    hold none of them, are not searched with the pattern.
    """

    kind: str
    signs: tuple[str, ...]
    pattern: re.Pattern[str]


_TABLE = (
    _Order(
        "override",
        ("ignore", "disregard", "forget", "override", "bypass", "discard"),
        re.compile(
            rf"\b(?:ignore|disregard|forget|override|bypass|discard)\s{_WORDS}\b{_EARLIER}"
            rf"\s{_WORDS}\b{_TARGET}\b",
            re.IGNORECASE,
        ),
    ),
    _Order(
        "override",
        ("ignore", "disregard", "override", "bypass"),
        re.compile(
            rf"\b(?:ignore|disregard|override|bypass)\s(?:all|any|every|your)\s{_WORDS}\b{_TARGET}\b",
            re.IGNORECASE,
        ),
    ),
    _Order(
        "override",
        ("follow", "obey"),
        re.compile(
            r"\b(?:do\s+not|don't|never)\s+(?:follow|obey)\s"
            rf"{_WORDS}\b(?:{_EARLIER}|user's|your)\s{_WORDS}\b{_TARGET}\b",
            re.IGNORECASE,
        ),
    ),
    _Order(
        "role",
        ("now", "longer", "mode"),
        re.compile(
            r"\byou\s+are\s+(?:now|no\s+longer)\s+(?:an?\s+|in\s+)?(?:\w+\s+){0,3}?"
            r"(?:mode|ai|assistant|model|agent|bot|jailbroken|unrestricted|dan)\b"
            r"|\b(?:enter|enable|activate|switch\s+to)\s+(?:god|dan|jailbreak)\s+mode\b",
            re.IGNORECASE,
        ),
    ),
    _Order(
        "disclosure",
        ("prompt", "instruction", "message"),
        re.compile(
            r"\b(?:reveal|print|show|repeat|output|leak|send|exfiltrate|disclose)\s"
            rf"{_WORDS}\b(?:system|hidden|initial|secret|developer)\s+"
            r"(?:prompt|instructions?|message)s?\b",
            re.IGNORECASE,
        ),
    ),
    _Order(
        "secrecy",
        ("user",),
        re.compile(
            r"\b(?:do\s+not|don't|never)\s+(?:tell|inform|mention\s+(?:this|it)\s+to|reveal\s+(?:this|it)"
            r"\s+to|alert|notify)\s+(?:to\s+)?the\s+user\b"
            r"|\bwithout\s+(?:telling|informing|asking|notifying|alerting)\s+the\s+user\b",
            re.IGNORECASE,
        ),
    ),
    _Order(
        "standing-order",
        ("now", "future", "whenever", "memory"),
        re.compile(
            r"\b(?:from\s+now\s+on|in\s+(?:all\s+)?future\s+(?:conversations|sessions|responses|answers)"
            r"|for\s+all\s+future\s+\w+|whenever\s+the\s+user\s+asks)\s*,?\s"
            rf"{_WORDS}\b(?:always|never|must|only)\b"
            r"|\b(?:remember|memori[sz]e|store|save)\s(?:this\s|that\s|it\s)?(?:in|into|to)\s(?:your\s)?"
            r"(?:long[- ]term\s)?memory\b",
            re.IGNORECASE,
        ),
    ),
    _Order(
        "forged-frame",
        ("<", "[", "#"),
        re.compile(
            r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|>"
            r"|\[/?INST\]|<</?SYS>>|</?(?:system|system_prompt|instructions|memory)>"
            r"|^\#{2,4}\s?(?:system|instruction)s?:?\s*$",
            re.IGNORECASE | re.MULTILINE,
        ),
    ),
    _Order(
        "hidden-text",
        (),
        re.compile("[\U000e0020-\U000e007f]{4,}|[\u200b\u200c\u2060\ufeff]{8,}"),
    ),
)

_SIGNS = frozenset(sign for order in _TABLE for sign in order.signs)


def find_orders(text: str) -> tuple[Finding, ...]:
    """What looks like an order to the reader, in order of the text; linear in its length."""
    orders = _looked_for(text.lower()) if text.isascii() else _TABLE
    found = [
        Finding(order.kind, match.start(), match.end())
        for order in orders
        for match in order.pattern.finditer(text)
    ]
    return tuple(sorted(found, key=lambda finding: finding.start))


def _looked_for(lowered: str) -> list[_Order]:
    """The orders of which the text, ASCII in small letters, bears a sign."""
    here = {sign for sign in _SIGNS if sign in lowered}
    return [order for order in _TABLE if not here.isdisjoint(order.signs)] if here else []
