"""Cut a plan to its token budget. The budget is a guarantee: the joined text is counted last.

Decides what gets in and what stays out, and says why. Which memories are worth most is decided by
the selection it is handed; tokens are counted by the function it is handed. No I/O, no clock.

Order of claims: the input (never cut here), pinned, summaries up to a share, recent turns up to a
share while memories compete, memories by the selection, then whatever still fits, and messages
whole of which a passage was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from context_manager.context.pieces import Piece, Plan
from context_manager.context.render import Renderer, reading_order
from context_manager.context.repeats import Repeats
from context_manager.errors import BudgetError

PrefixCounts = Callable[[Sequence[str]], list[int]]
"""Exact tokens of ``"".join(parts[: i + 1])`` for every i."""

Select = Callable[[Sequence[Piece], int], Sequence[Piece]]
"""Chooses among ranked memories what to show in about so many tokens, headings included."""

RECENT_SHARE = 0.75
"""Of what the input and pinned pieces leave, recent turns take at most this while memories that
fill the rest are waiting: a long last answer must not push out all of long-term memory."""

SUMMARY_SHARE = 0.2

FEW = 64
"""Memories that are tried exactly, whatever their costs are thought to be: of so few, one more or
less matters, and counting them takes no time."""

SPARE = 1.1
"""A message may cost so much more than a passage of it tells."""

_REPEATS = "says the same as {}, which is shown"


@dataclass(frozen=True, slots=True)
class Packed:
    """A plan cut to its budget.

    Args:
        pieces: What is shown, in reading order.
        parts: The rendered part of each piece; joined they are the prompt.
        totals: Exact tokens of each prefix of the joined parts.
        left_out: Pieces that stay out, each with the reason.
    """

    pieces: tuple[Piece, ...]
    parts: tuple[str, ...]
    totals: tuple[int, ...]
    left_out: tuple[tuple[Piece, str], ...]


def pack(plan: Plan, budget: int, count: PrefixCounts, select: Select) -> Packed:
    """Choose what the prompt shows.

    Args:
        plan: All candidates.
        budget: Most tokens of the joined text.
        count: Exact counts of prefixes.
        select: Choice among the ranked memories.

    Raises:
        BudgetError: The input alone, with its heading, exceeds the budget.
    """
    desk = _Desk(budget, count)
    if not desk.try_add([plan.input]):
        raise BudgetError(budget, desk.tried)
    for piece in plan.pinned:
        desk.try_add([piece], "no room left for this pinned piece")
    room = desk.room
    for piece in plan.summaries:
        if desk.try_add([piece], "summaries have used their share", room * SUMMARY_SHARE):
            break
    _add_recent(desk, plan)
    _add_memories(desk, plan.memories, select)
    return desk.packed()


def _add_recent(desk: _Desk, plan: Plan) -> None:
    """Add the window of recent turns, whole turns, or the latest of it that fit."""
    waiting = sum(piece.tokens for piece in plan.memories)
    limit = max(desk.room * RECENT_SHARE, desk.room - waiting)
    turns, start = _without_shown(desk, plan.recent), plan.window
    if not desk.try_add([piece for turn in turns[start:] for piece in turn], limit=limit):
        start = len(turns)
        while start > plan.window and desk.try_add(turns[start - 1], limit=limit):
            limit -= desk.last_cost
            start -= 1
    for turn in turns[:start]:
        for piece in turn:
            desk.leave_out(piece, "older than the window of recent turns shown")


def _without_shown(desk: _Desk, turns: Sequence[tuple[Piece, ...]]) -> list[tuple[Piece, ...]]:
    """The turns without messages that are shown already, among what is pinned."""
    shown = {piece.entry_id for piece in desk.pieces if piece.entry_id}
    return [tuple(piece for piece in turn if piece.entry_id not in shown) for turn in turns]


def _add_memories(desk: _Desk, memories: Sequence[Piece], select: Select) -> None:
    """Fill the room by the selection, then by what still fits, best first; nothing twice."""
    shown = {piece.entry_id for piece in desk.pieces if not piece.cut}
    fresh = [piece for piece in memories if piece.entry_id not in shown]
    said = Repeats(desk.pieces)
    chosen = list(select(fresh, desk.room))
    while repeated := said.among(chosen):
        for piece, first in repeated:
            desk.leave_out(piece, _REPEATS.format(first))
        again = {id(piece) for piece, _ in repeated}
        fresh = [piece for piece in fresh if id(piece) not in again]
        chosen = list(select(fresh, desk.room))
    foreseen = _foreseen(desk, chosen, fresh) if len(chosen) > FEW else chosen
    if not desk.try_add(foreseen):
        while chosen and not desk.try_add(chosen):
            chosen = _drop_least(chosen, desk.tried - desk.budget)
    taken = {id(piece) for piece in desk.pieces}
    said = Repeats(desk.pieces)
    for piece in fresh:
        if id(piece) not in taken:
            desk.top_up(piece, said)
    _widen(desk)


def _foreseen(desk: _Desk, chosen: list[Piece], fresh: Sequence[Piece]) -> list[Piece]:
    """What the trials would come to if all costs are as estimated, which saves most of them.

    Without the least valuable of the chosen, for which the section's frame leaves no room, and
    with what then still fits, best first.
    """
    first = chosen[0]
    room = desk.room - (desk.cost([first]) - first.tokens - first.heading)
    groups = {piece.group: piece.heading for piece in chosen}
    over = sum(groups.values()) + sum(piece.tokens for piece in chosen) - room
    if over > 0:
        chosen = _drop_least(chosen, over)
        groups = {piece.group: piece.heading for piece in chosen}
    room -= sum(groups.values()) + sum(piece.tokens for piece in chosen)
    taken = {id(piece) for piece in chosen}
    said = Repeats([*desk.pieces, *chosen])
    for piece in fresh:
        if piece.tokens > room or id(piece) in taken:
            continue
        costs = _costs(piece, groups)
        if costs <= room and not said.first(piece):
            chosen = [*chosen, piece]
            room -= costs
            groups[piece.group] = piece.heading
            said.add(piece)
    return chosen


def _costs(piece: Piece, groups: Collection[str]) -> int:
    """What a memory is thought to cost where these groups have their headings."""
    return piece.tokens + (0 if piece.group in groups else piece.heading)


def _widen(desk: _Desk) -> None:
    """Show messages whole of which a passage is shown, best first, where room is left."""
    room: float = desk.room
    wider: dict[int, Piece] = {}
    for piece in sorted(desk.pieces, key=lambda piece: piece.rank or 0):
        if piece.whole and piece.text in piece.whole:
            tokens = SPARE * piece.tokens * len(piece.whole) / len(piece.text)
            if tokens - piece.tokens <= room:
                room -= tokens - piece.tokens
                whole = piece.saying(piece.whole, int(tokens))
                wider[id(piece)] = whole._replace(cut=False, whole="")
    while wider and not desk.exchange(wider):
        wider = dict(list(wider.items())[: len(wider) // 2])


def _drop_least(chosen: list[Piece], over: int) -> list[Piece]:
    """Without the least valuable pieces, by about ``over`` tokens and by one at least."""
    worth = [piece.value / max(1, piece.tokens) for piece in chosen]
    dropped: set[int] = set()
    while len(dropped) < len(chosen):  # few are dropped of hundreds
        at = worth.index(min(worth))
        worth[at], piece = inf, chosen[at]
        dropped.add(id(piece))
        over -= max(1, piece.tokens)
        if over <= 0:
            break
    return [piece for piece in chosen if id(piece) not in dropped]


class _Desk:
    """The pieces taken so far, always within the budget."""

    MISSES = 6
    """Exact trials that may fail in a row before topping up stops; each costs a count."""

    def __init__(self, budget: int, count: PrefixCounts) -> None:
        self.budget = budget
        self.pieces: list[Piece] = []
        self.last_cost = 0
        self.tried = 0
        self._count = count
        self._renderer = Renderer()
        self._used = 0
        self._misses = 0
        self._headings: tuple[Sequence[Piece], frozenset[str]] = ((), frozenset())
        self._left_out: list[tuple[Piece, str]] = []
        self._shown: tuple[Sequence[Piece], Sequence[str], Sequence[int]] = ((), (), ())

    @property
    def room(self) -> int:
        """Tokens left."""
        return self.budget - self._used

    def try_add(
        self, pieces: Sequence[Piece], reason: str = "", limit: float | None = None
    ) -> bool:
        """Take all of the pieces if they fit the budget, and cost at most ``limit``.

        `tried` is what all would cost together, exactly.
        """
        if not pieces:
            return True
        fits = self._try([*self.pieces, *pieces], limit)
        if reason and not fits:
            for piece in pieces:
                self.leave_out(piece, reason)
        return fits

    def cost(self, pieces: Sequence[Piece]) -> int:
        """What pieces would cost, exactly, whether or not there is room."""
        return self._counted([*self.pieces, *pieces])[2][-1] - self._used

    def exchange(self, others: Mapping[int, Piece]) -> bool:
        """Put others in the place of pieces taken, by the identity of these, if that fits."""
        return self._try([others.get(id(piece), piece) for piece in self.pieces], None)

    def _try(self, pieces: list[Piece], limit: float | None) -> bool:
        ordered, parts, totals = self._counted(pieces)
        self.tried = total = totals[-1] if totals else 0
        fits = total <= self.budget and (limit is None or total - self._used <= limit)
        if fits:
            self.last_cost = total - self._used
            self._used = total
            self.pieces = pieces
            self._shown = ordered, parts, totals
        return fits

    def _counted(self, pieces: list[Piece]) -> tuple[list[Piece], list[str], list[int]]:
        ordered = reading_order(pieces)
        parts = self._renderer.render(ordered)
        return ordered, parts, self._count(parts)

    def _groups(self) -> frozenset[str]:
        """Headings that stand already."""
        if self._headings[0] is not self.pieces:
            self._headings = self.pieces, frozenset(piece.group for piece in self.pieces)
        return self._headings[1]

    def leave_out(self, piece: Piece, reason: str) -> None:
        """Note why a piece is not shown."""
        self._left_out.append((piece, reason))

    def top_up(self, piece: Piece, said: Repeats) -> None:
        """Take one more memory if it fits and says something new; otherwise note why not."""
        costs = _costs(piece, self._groups())
        if costs > self.room or self._misses >= self.MISSES:
            self.leave_out(piece, f"would cost {costs} tokens, {self.room} are left")
        elif first := said.first(piece):
            self.leave_out(piece, _REPEATS.format(first))
        elif self.try_add([piece]):
            said.add(piece)
        else:
            self._misses += 1
            self.leave_out(piece, f"would not fit into the {self.room} tokens left")

    def packed(self) -> Packed:
        """The result, as it was counted as a whole when the last piece was taken."""
        pieces, parts, totals = self._shown
        return Packed(tuple(pieces), tuple(parts), tuple(totals), tuple(self._left_out))
