"""What a memory is put through, and the figures that come of it.

Decides seven figures: recall at each budget, how often an answer is taken to be there when it is
(coverage) and not when it is not (abstention), outdated statements shown as if they held
(staleness), prompts that show another user's words (isolation) or forgotten ones (erasure), and
the share of a prompt's stable beginning that stands again in the next (reuse).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from context_manager.evaluation.probes import Probe, Spot
from context_manager.importing import ImportedTurn
from context_manager.records import Context, Message, Turn

STABLE = frozenset({"pinned", "summary", "recent"})
REPLAYED = 40
"""Turns that are replayed to see what of a prompt stands again."""
ERASED = 20
"""Pieces of evidence that are forgotten."""
TELLING = 24
"""Characters of a text that betrays itself where it stands."""

CHANGES = (
    ("My locker number is 118.", "My locker number is now 542.", "What is my locker number?"),
    ("I drive a blue van.", "I sold the blue van and drive a tram now.", "What do I drive?"),
    ("My dentist is called Orlova.", "My dentist is now called Pereira.", "Who is my dentist?"),
    ("I live on the third floor.", "I moved up to the ninth floor.", "Which floor do I live on?"),
    ("My shift starts at six.", "My shift starts at eleven now.", "When does my shift start?"),
)
"""What is said, what is said later instead, and what is asked."""


class Memory(Protocol):
    """What is tried: a manager over a store of its own that may be filled."""

    def scoped(self, *, user_id: str | None = None, session_id: str | None = None) -> Self:
        """The same for another user or session."""
        ...

    def observe_messages(
        self, messages: Iterable[Message], *, timestamp: float | None = None
    ) -> Turn:
        """Remember one turn."""
        ...

    def build(self, user_input: str, *, budget: int | None = None) -> Context:
        """A prompt."""
        ...

    def forget(self, ids: Iterable[str]) -> Any:
        """Delete entries."""
        ...

    def count(self, text: str) -> int:
        """Tokens of a text."""
        ...


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it; shares lie in [0, 1], None where nothing could be asked.

    Args:
        turns, messages: What was remembered.
        asked: Probes of each kind.
        recall: By kind and budget, the share of the evidence that a prompt shows.
        covered: Probes of which the prompt says that memory answers them, rightly.
        abstained: Probes without evidence of which it says that nothing does.
        stale: Changed statements after which a prompt shows the old one alone, or last.
        leaked: Prompts of another user that show a piece of evidence.
        remained: Prompts that show a piece of evidence that was forgotten.
        reused: Tokens of a prompt's stable sections that are a prefix of the next prompt.
    """

    turns: int
    messages: int
    asked: Mapping[str, int] = field(default_factory=dict)
    recall: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    covered: float | None = None
    abstained: float | None = None
    stale: float | None = None
    leaked: int = 0
    remained: int = 0
    reused: float | None = None


Tell = Callable[[str], object]


def evaluate(
    memory: Memory,
    turns: Sequence[ImportedTurn],
    probes: Sequence[Probe],
    budgets: Sequence[int],
    tell: Tell = lambda step: None,
) -> Figures:
    """Put a memory through everything.

    Args:
        memory: One that remembers nothing yet; it is filled under names of users of its own.
        turns: The chats of one user, in order.
        probes: What is asked of them.
        budgets: Tokens of the prompts, smallest first.
        tell: Is told each step as it begins.
    """
    tell("remembering")
    everything = memory.scoped(user_id="eval-all")
    ids = _remembered(everything, turns)
    tell("asking")
    recall = _recall(everything, probes, ids, budgets)
    tell("asking what is not there")
    covered, abstained = _abstention(memory.scoped(user_id="eval-half"), turns, probes, budgets[0])
    tell("asking as somebody else")
    leaked = _shown(memory.scoped(user_id="eval-other"), turns, probes, budgets[-1])
    tell("changing statements")
    stale = _staleness(everything, budgets[0])
    tell("replaying")
    reused = _reuse(memory.scoped(user_id="eval-replay"), turns)
    tell("forgetting")
    doomed = [probe for probe in probes if all(spot in ids for spot in probe.gold)][:ERASED]
    everything.forget([ids[spot] for probe in doomed for spot in probe.gold])
    asked: dict[str, int] = defaultdict(int)
    for probe in probes:
        asked[probe.kind] += 1
    return Figures(
        turns=len(turns),
        messages=sum(len(turn.messages) for turn in turns),
        asked=dict(asked),
        recall=recall,
        covered=covered,
        abstained=abstained,
        stale=stale,
        leaked=leaked,
        remained=_shown(everything, turns, doomed, budgets[-1]),
        reused=reused,
    )


def _remembered(memory: Memory, turns: Iterable[ImportedTurn]) -> dict[Spot, str]:
    """Observe the turns; the id of each message that was kept as it is."""
    ids: dict[Spot, str] = {}
    for number, turn in enumerate(turns):
        here = memory.scoped(session_id=turn.session_id)
        kept = here.observe_messages(turn.messages, timestamp=turn.timestamp)
        left = list(kept.messages)
        for place, message in enumerate(turn.messages):
            if left and left[0].text == message.text:
                ids[Spot(number, place)] = left.pop(0).id
    return ids


def _ask(memory: Memory, text: str, budget: int, session: str = "eval") -> Context:
    return memory.scoped(session_id=session).build(text, budget=budget)


def _recall(
    memory: Memory, probes: Sequence[Probe], ids: Mapping[Spot, str], budgets: Sequence[int]
) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for probe in probes:
        gold = [ids[spot] for spot in probe.gold if spot in ids]
        for budget in budgets if gold else ():
            context = _ask(memory, probe.text, budget)
            shown = {slot.entry_id for slot in context.slots}
            share = sum(identifier in shown for identifier in gold) / len(gold)
            found[probe.kind][budget].append(share)
    return {
        kind: {budget: sum(shares) / len(shares) for budget, shares in by.items()}
        for kind, by in found.items()
    }


def _abstention(
    memory: Memory, turns: Sequence[ImportedTurn], probes: Sequence[Probe], budget: int
) -> tuple[float | None, float | None]:
    """What a memory of every other session says of what it holds, and of what it does not."""
    sessions = list(dict.fromkeys(turn.session_id for turn in turns))
    held = set(sessions[::2])
    _remembered(memory, [turn for turn in turns if turn.session_id in held])
    inside: list[bool] = []
    outside: list[bool] = []
    for probe in probes:
        where = {turns[spot.turn].session_id in held for spot in probe.gold}
        if len(where) == 1:
            covered = _ask(memory, probe.text, budget).covered
            (inside if where.pop() else outside).append(covered)
    return _mean(inside), _mean([not covered for covered in outside])


def _shown(
    memory: Memory, turns: Sequence[ImportedTurn], probes: Iterable[Probe], budget: int
) -> int:
    """Prompts in which evidence stands that must not, the question's own words apart."""
    said: dict[str, int] = defaultdict(int)
    for turn in turns:
        for message in turn.messages:
            said[message.text] += 1
    shown = 0
    for probe in probes:
        texts = [turns[spot.turn].messages[spot.place].text for spot in probe.gold]
        context = _ask(memory, probe.text, budget)
        before = "".join(slot.text for slot in context.slots if slot.section != "input")
        shown += any(len(t) >= TELLING and said[t] == 1 and t in before for t in texts)
    return shown


def _staleness(memory: Memory, budget: int) -> float | None:
    """Say something, say something else later, and look which of the two is shown as holding."""
    stale = []
    for number, (old, new, question) in enumerate(CHANGES):
        for text in (old, new):
            session = f"eval-change-{number}-{text == new}"
            memory.scoped(session_id=session).observe_messages([Message("user", text)])
        prompt = _ask(memory, question, budget).text
        stale.append(old in prompt and prompt.rfind(new) < prompt.rfind(old))
    return _mean(stale)


def _reuse(memory: Memory, turns: Sequence[ImportedTurn]) -> float | None:
    here = memory.scoped(session_id="eval-replay")
    again = could = 0
    before = ""
    for turn in [turn for turn in turns if not turn.note][:REPLAYED]:
        context = here.build(turn.messages[0].text)
        if before:
            again += here.count(common_beginning(before, context.text))
            could += here.count(before)
        before = "".join(slot.text for slot in context.slots if slot.section in STABLE)
        here.observe_messages(turn.messages, timestamp=turn.timestamp)
    return again / could if could else None


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def common_beginning(one: str, other: str) -> str:
    """What two texts begin with alike; "" where nothing."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return one[:low]
