"""Who is told what a manager does: hooks, and the watch that measures one operation for them.

Decides when a hook is called (after the operation, in the thread that did it), and that nothing a
hook does reaches the operation. It knows no operation by name; what is measured is said by those
who do it. With no hook at all, only the laps are timed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType, TracebackType
from typing import Protocol, Self

from context_manager.records import Operation, Scope, Stage
from context_manager.records.operation import Figure

_log = logging.getLogger(__name__)


class Hook(Protocol):
    """Is told of every operation after it ended; any function of one argument is a hook.

    It is called in the thread that did the work, from several threads at once, and should be
    quick. What it raises is logged by its type and goes no further. A hook with a true attribute
    ``log_content`` receives texts as well.
    """

    def __call__(self, operation: Operation, /) -> object:
        """Take note of an operation."""
        ...


class Hooks:
    """The hooks of a manager and of everything scoped from it.

    Args:
        hooks: Called in this order.
        clock: Gives the present in seconds since 1970.
        timer: Seconds that never go back, for durations.
    """

    def __init__(
        self,
        hooks: Iterable[Hook] = (),
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._hooks = tuple(hooks)
        self._clock = clock
        self._timer = timer

    def __len__(self) -> int:
        return len(self._hooks)

    def add(self, hook: Hook) -> None:
        """Tell this hook too, after those there are."""
        self._hooks = (*self._hooks, hook)

    def remove(self, hook: Hook) -> None:
        """Tell this hook no longer; one that is not there is ignored."""
        self._hooks = tuple(known for known in self._hooks if known is not hook)

    def watch(self, name: str, scope: Scope, content: Mapping[str, str] | None = None) -> Watch:
        """A watch over one operation, to be used in a ``with`` statement.

        Args:
            name: See `records.operation.OPERATIONS`.
            scope: Whose memory.
            content: Texts, handed only to hooks that ask for them.
        """
        return Watch(self, name, scope, content or {}, self._clock(), self._timer)

    def tell(self, operation: Operation) -> None:
        """Call every hook; ``operation`` holds the content."""
        bare = replace(operation, content=None)
        for hook in self._hooks:
            try:
                hook(operation if getattr(hook, "log_content", False) is True else bare)
            except Exception as error:  # noqa: BLE001 - a hook is somebody else's code
                _log.warning("hook %s failed with %s", type(hook).__name__, type(error).__name__)


class Watch:
    """Measures one operation and tells the hooks when it ends."""

    __slots__ = (
        "_at", "_began", "_content", "_figures", "_hooks", "_last", "_name", "_scope", "_stages",
        "_timer", "degraded",
    )  # fmt: skip

    def __init__(
        self,
        hooks: Hooks,
        name: str,
        scope: Scope,
        content: Mapping[str, str],
        at: float,
        timer: Callable[[], float],
    ) -> None:
        self._hooks = hooks
        self._name = name
        self._scope = scope
        self._content = dict(content)
        self._at = at
        self._timer = timer
        self._figures: dict[str, Figure] = {}
        self._stages: list[Stage] = []
        self._began = self._last = timer()
        self.degraded: tuple[str, ...] = ()

    @property
    def heeded(self) -> bool:
        """Whether anybody will be told."""
        return bool(self._hooks)

    def lap(self, stage: str) -> None:
        """Say that a stage has just ended; it began where the one before ended."""
        now = self._timer()
        self._stages.append(Stage(stage, self._last - self._began, now - self._last))
        self._last = now

    def note(self, **figures: Figure) -> None:
        """Keep counts and lengths."""
        self._figures.update(figures)

    def show(self, **texts: str) -> None:
        """Keep texts, for hooks that ask for them."""
        self._content.update(texts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._hooks:
            return
        self._hooks.tell(
            Operation(
                name=self._name,
                scope=self._scope,
                at=self._at,
                seconds=self._timer() - self._began,
                stages=tuple(self._stages),
                figures=MappingProxyType(self._figures),
                degraded=self.degraded,
                error="" if kind is None else kind.__name__,
                content=MappingProxyType(self._content),
            )
        )
