"""What language models may cost, and what they did cost.

This file decides whether a call may be made: its worst case (prompt plus longest answer) is
reserved in every window before the call and replaced by the true figure after it, so that no
window exceeds its limit, however many calls run at once. Whose call it is comes from `charged_to`,
which holds for everything inside it, threads started by asyncio included. It knows no provider
and holds no text.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from context_manager.errors import SpendLimitError
from context_manager.forks import ForkSafeLock
from context_manager.llm.adapters import Usage

HOUR = 3600.0
TURNS_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Limit:
    """Most calls and most tokens (prompt and answer together) of one window; None is no limit."""

    calls: int | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class SpendLimits:
    """Limits of all windows.

    Args:
        turn: For each turn of a conversation.
        hour: In any 60 minutes, all users together.
        user: For each user, since the governor was made.
        total: Of everything, since the governor was made.
    """

    turn: Limit = field(default_factory=Limit)
    hour: Limit = field(default_factory=Limit)
    user: Limit = field(default_factory=Limit)
    total: Limit = field(default_factory=Limit)


@dataclass(frozen=True, slots=True)
class Price:
    """Price of a million tokens, in any currency."""

    prompt: float
    completion: float

    def of(self, usage: Usage) -> float:
        """Price of one call."""
        return (
            usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion
        ) / 1_000_000


@dataclass(slots=True)
class LedgerLine:
    """What one kind of operation took with one model.

    `calls` were made, `failures` of them in vain; `refused` were not made because of a limit or an
    open circuit, `from_cache` because the answer was known. `cost` is None without a price.
    """

    purpose: str
    model: str
    calls: int = 0
    failures: int = 0
    refused: int = 0
    from_cache: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost: float | None = None


Outcome: TypeAlias = Literal["calls", "failures", "refused", "from_cache"]


class Subject(NamedTuple):
    """Whose call it is, and for which turn; "" where that is not known."""

    user: str = ""
    turn: str = ""


_SUBJECT: ContextVar[Subject | None] = ContextVar("context_manager_spend_subject", default=None)


@contextmanager
def charged_to(user: str = "", turn: str = "") -> Iterator[None]:
    """Charge the model calls made inside to this user and turn."""
    token = _SUBJECT.set(Subject(user, turn))
    try:
        yield
    finally:
        _SUBJECT.reset(token)


class Reservation:
    """A call that may be made; `settle` says what it took, leaving without that the worst case."""

    def __init__(self, meters: list[_Meter], tokens: int) -> None:
        self._meters = meters
        self._tokens = tokens

    def settle(self, tokens: int) -> None:
        """Replace what was reserved by what was used."""
        for meter in self._meters:
            meter.add(0, tokens - self._tokens)
        self._tokens = tokens


class SpendGovernor:
    """Keeps the limits and the ledger; shared by everything that asks models.

    Args:
        limits: May be assigned later.
        prices: By model name, for the ledger.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        limits: SpendLimits | None = None,
        *,
        prices: Mapping[str, Price] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = SpendLimits() if limits is None else limits
        self.prices = prices or {}
        self._clock = clock
        self._lock = ForkSafeLock()
        self._total = _Meter()
        self._hour = _HourMeter(clock)
        self._users: dict[str, _Meter] = {}
        self._turns: OrderedDict[Subject, _Meter] = OrderedDict()
        self._ledger: dict[tuple[str, str], LedgerLine] = {}

    def reserve(self, tokens: int) -> Reservation:
        """Ask leave for one call of at most so many tokens.

        Raises:
            SpendLimitError: It could exceed a limit; nothing was reserved.
        """
        with self._lock:
            windows = self._windows(_SUBJECT.get() or Subject())
            for name, limit, meter in windows:
                meter.check(name, limit, tokens)
            meters = [meter for _, _, meter in windows]
            for meter in meters:
                meter.add(1, tokens)
            return Reservation(meters, tokens)

    def settle(self, reservation: Reservation, usage: Usage) -> None:
        """Replace what was reserved by what was used."""
        with self._lock:
            reservation.settle(usage.total)

    def note(
        self,
        purpose: str,
        model: str,
        *,
        usage: Usage | None = None,
        seconds: float = 0.0,
        outcome: Outcome = "calls",
    ) -> None:
        """Write one operation into the ledger; a failed call counts as a call too."""
        with self._lock:
            line = self._ledger.setdefault((purpose, model), LedgerLine(purpose, model))
            setattr(line, outcome, getattr(line, outcome) + 1)
            line.calls += outcome == "failures"
            line.seconds += seconds
            if usage is not None:
                line.prompt_tokens += usage.prompt_tokens
                line.completion_tokens += usage.completion_tokens
                if model in self.prices:
                    line.cost = (line.cost or 0.0) + self.prices[model].of(usage)

    def ledger(self) -> list[dict[str, Any]]:
        """What each kind of operation took, JSON-ready, sorted by purpose and model."""
        with self._lock:
            return [asdict(line) for _, line in sorted(self._ledger.items())]

    def spent(self) -> dict[str, int]:
        """Calls and tokens in all, what is under way reserved at its worst case."""
        with self._lock:
            return {"calls": self._total.calls, "tokens": self._total.tokens}

    def _windows(self, subject: Subject) -> list[tuple[str, Limit, _Meter]]:
        limits = self.limits
        windows = [("in total", limits.total, self._total), ("per hour", limits.hour, self._hour)]
        if subject.user:
            user = self._users.setdefault(subject.user, _Meter())
            windows.append(("per user", limits.user, user))
        if subject.turn:
            turn = self._turns.setdefault(subject, _Meter())
            windows.append(("per turn", limits.turn, turn))
            while len(self._turns) > TURNS_REMEMBERED:
                self._turns.popitem(last=False)
        return windows


class _Meter:
    """Calls and tokens of one window."""

    def __init__(self) -> None:
        self.calls = 0
        self.tokens = 0

    def check(self, name: str, limit: Limit, tokens: int) -> None:
        if limit.calls is not None and self.calls + 1 > limit.calls:
            raise SpendLimitError(f"the limit of {limit.calls} model calls {name} is reached")
        if limit.tokens is not None and self.tokens + tokens > limit.tokens:
            raise SpendLimitError(
                f"{self.tokens} of {limit.tokens} model tokens {name} are used; "
                f"a call of up to {tokens} is too much"
            )

    def add(self, calls: int, tokens: int) -> None:
        self.calls += calls
        self.tokens += tokens


class _HourMeter(_Meter):
    """A window that slides."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._charges: deque[tuple[float, int, int]] = deque()

    def check(self, name: str, limit: Limit, tokens: int) -> None:
        while self._charges and self._charges[0][0] <= self._clock() - HOUR:
            _, calls, charged = self._charges.popleft()
            super().add(-calls, -charged)
        super().check(name, limit, tokens)

    def add(self, calls: int, tokens: int) -> None:
        self._charges.append((self._clock(), calls, tokens))
        super().add(calls, tokens)
