"""Finds attempts to give orders to whoever reads a memory: prompt injection.

A find is a reason to be careful, never a reason to drop a text: good detectors miss most attacks
and suspect harmless text. Decides what looks like an order; who said it is not known here.
"""

from __future__ import annotations

import re

from context_manager.screening.finding import Finding

_WORDS = r"[\s\w,'\u2019]{0,40}?"
_TARGET = r"(?:instructions?|prompts?|rules|guidelines|directives|commands|context|orders)"
_EARLIER = r"(?:previous|prior|above|earlier|preceding|former|foregoing|existing|original|system)"

_TABLE: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "override",
        re.compile(
            rf"\b(?:ignore|disregard|forget|override|bypass|discard)\s{_WORDS}\b{_EARLIER}"
            rf"\s{_WORDS}\b{_TARGET}\b",
            re.IGNORECASE,
        ),
    ),
    (
        "override",
        re.compile(
            rf"\b(?:ignore|disregard|override|bypass)\s(?:all|any|every|your)\s{_WORDS}\b{_TARGET}\b",
            re.IGNORECASE,
        ),
    ),
    (
        "override",
        re.compile(
            r"\b(?:do\s+not|don't|never)\s+(?:follow|obey)\s"
            rf"{_WORDS}\b(?:{_EARLIER}|user's|your)\s{_WORDS}\b{_TARGET}\b",
            re.IGNORECASE,
        ),
    ),
    (
        "role",
        re.compile(
            r"\byou\s+are\s+(?:now|no\s+longer)\s+(?:an?\s+|in\s+)?(?:\w+\s+){0,3}?"
            r"(?:mode|ai|assistant|model|agent|bot|jailbroken|unrestricted|dan)\b"
            r"|\b(?:enter|enable|activate|switch\s+to)\s+(?:god|dan|jailbreak)\s+mode\b",
            re.IGNORECASE,
        ),
    ),
    (
        "disclosure",
        re.compile(
            r"\b(?:reveal|print|show|repeat|output|leak|send|exfiltrate|disclose)\s"
            rf"{_WORDS}\b(?:system|hidden|initial|secret|developer)\s+"
            r"(?:prompt|instructions?|message)s?\b",
            re.IGNORECASE,
        ),
    ),
    (
        "secrecy",
        re.compile(
            r"\b(?:do\s+not|don't|never)\s+(?:tell|inform|mention\s+(?:this|it)\s+to|reveal\s+(?:this|it)"
            r"\s+to|alert|notify)\s+(?:to\s+)?the\s+user\b"
            r"|\bwithout\s+(?:telling|informing|asking|notifying|alerting)\s+the\s+user\b",
            re.IGNORECASE,
        ),
    ),
    (
        "standing-order",
        re.compile(
            r"\b(?:from\s+now\s+on|in\s+(?:all\s+)?future\s+(?:conversations|sessions|responses|answers)"
            r"|for\s+all\s+future\s+\w+|whenever\s+the\s+user\s+asks)\s*,?\s"
            rf"{_WORDS}\b(?:always|never|must|only)\b"
            r"|\b(?:remember|memori[sz]e|store|save)\s(?:this\s|that\s|it\s)?(?:in|into|to)\s(?:your\s)?"
            r"(?:long[- ]term\s)?memory\b",
            re.IGNORECASE,
        ),
    ),
    (
        "forged-frame",
        re.compile(
            r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|>"
            r"|\[/?INST\]|<</?SYS>>|</?(?:system|system_prompt|instructions|memory)>"
            r"|^\#{2,4}\s?(?:system|instruction)s?:?\s*$",
            re.IGNORECASE | re.MULTILINE,
        ),
    ),
    ("hidden-text", re.compile("[\U000e0020-\U000e007f]{4,}|[\u200b\u200c\u2060\ufeff]{8,}")),
)


def find_orders(text: str) -> tuple[Finding, ...]:
    """What looks like an order to the reader, in order of the text; linear in its length."""
    found = [
        Finding(kind, match.start(), match.end())
        for kind, pattern in _TABLE
        for match in pattern.finditer(text)
    ]
    return tuple(sorted(found, key=lambda finding: finding.start))
