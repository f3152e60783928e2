"""Facts that people state of themselves, found by rules.

This file decides whose words are read, which sentences count (no question, wish, condition or
quotation) and where a clause begins. Pure; the same every time; no sentence is invented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from context_manager.memory.extractive import sentences
from context_manager.memory.facts.fact import USER, Fact
from context_manager.memory.facts.possession import read_people, read_possession
from context_manager.memory.facts.rules import rules
from context_manager.memory.facts.second_thoughts import second_thought
from context_manager.records import Message, Turn

LONGEST = 400
"""Characters; a longer sentence is prose or pasted text, not a person speaking of themselves."""

_QUESTION = re.compile(r"\?[\s)\"'!?]*$")
_UNREAL = re.compile(
    r"\b(?:if|wish|imagine|pretend|suppose|hypothetically|dreamt?|dreamed|joking|kidding|unless|"
    r"role-?play|used to|lyrics?|fictional|novel|screenplay)\b|[\"\u201c\u201d`{}<>|=]",
    re.IGNORECASE,
)
_BEGIN = re.compile(
    r"(?:(?:well|so|oh|yeah|yes|yep|no|nope|nah|actually|hey|hi|hello|also|and|but|btw|by the way|"
    r"anyway|honestly|personally|currently|now|ok|okay|sure|right|thanks|thank you|to be honest|"
    r"in fact|sorry|fyi|update|news|good news|bad news|big news|guess what|correction|haha|lol|wow|"
    r"great|cool|nice|it's official|these days|nowadays|as of (?:today|now)|since then|last \w+|"
    r"this \w+|recently|yesterday|today|finally|for the record|turns out|just so you know|"
    r"funny enough|as you know|as i said|like i said)\b[,!:;.\u2026 -]*)+",
    re.IGNORECASE,
)
_NO_SUBJECT = re.compile(
    r"(?:(?:[Jj]ust|[Ff]inally|[Rr]ecently) )?(?:[Mm]oved (?:back |over )?(?:to|from|into)|"
    r"[Ss]tarted (?:a |my |working|at)|[Jj]oined|[Qq]uit|[Aa]dopted|[Bb]ought|[Ss]old|"
    r"[Gg]ot (?:a |an |married|engaged|divorced|promoted|hired|fired)|[Bb]ecame|[Ss]topped|"
    r"[Ww]ent (?:vegan|vegetarian|freelance|self-employed)|[Rr]etired)\b"
)
_CLAUSES = re.compile(
    r"(?:,|;|:|\s[-\u2013\u2014]+)\s+(?:and |but |so |because |since |as |though |although )?"
    r"(?=(?:I|i|we|We|my|My|our|call|please call|you can call)\b)"
    r"|\s(?:and|but|so|because)\s(?=(?:I|i|we|my|our)\b)"
    r"|\sand\s(?=[A-Z][a-z]{1,20} is (?:my|our)\b)"
    r"|\s(?:and|but)\s(?=(?:went|got|joined|moved|started|became)\b)"
    r"|,\s(?=(?:can|could|would|should|do|does|did|is|are|was|were|will|have|has|what|how|why|when|"
    r"where|which|who|any|right|isn|don|what's|how's)\b)"
)


def extract_facts(turns: Iterable[Turn]) -> list[Fact]:
    """The facts that people state of themselves, in the order in which they were said.

    What an assistant without a name, a tool or the system says is nobody's statement of
    themselves and is not read. "I take that back" denies the speaker's last statement, "I meant
    Porto" corrects it.

    Args:
        turns: In time order.
    """
    found: list[Fact] = []
    for turn in turns:
        for message in turn.messages:
            if speaks_of_themselves(message):
                _read(message, turn.timestamp, found)
    return found


def speaks_of_themselves(message: Message) -> bool:
    """Whether a message is some person's own words."""
    return message.role == "user" or (message.role == "assistant" and message.name is not None)


def clauses(sentence: str) -> Iterator[str]:
    """The clauses of a sentence that may state something, without their opening words.

    A speaker who leaves out the "I" gets it back: "Moved to Porto last week".
    """
    for part in _CLAUSES.split(sentence):
        begin = _BEGIN.match(part)
        rest = part[begin.end() :] if begin else part
        yield f"I {rest[0].lower()}{rest[1:]}" if _NO_SUBJECT.match(rest) else rest


def _read(message: Message, said_at: float, found: list[Fact]) -> None:
    who = message.name or USER
    at = said_at if message.timestamp is None else message.timestamp
    sources = (message.id,) if message.id else ()
    for sentence in sentences(message.text):
        if len(sentence) > LONGEST or _UNREAL.search(sentence):
            continue
        last = next((fact for fact in reversed(found) if fact.subject == who), None)
        mended = second_thought(sentence, last, at, sources) if last else None
        if mended is not None:
            found.append(mended)
            continue
        stated = list(clauses(sentence))
        if _QUESTION.search(sentence):
            stated.pop()
        for clause in stated:
            found.extend(_of_clause(clause, who, at, sources))
        found.extend(read_people(sentence, who, at, sources))


def _of_clause(clause: str, who: str, at: float, sources: tuple[str, ...]) -> Iterable[Fact]:
    """One fact for each slot that the clause fills."""
    found: dict[tuple[str, str], Fact] = {}
    for read in (*(rule.read for rule in rules()), read_possession):
        fact = read(clause, who, at, sources)
        if fact is not None:
            found.setdefault(fact.place, fact)
    return found.values()
