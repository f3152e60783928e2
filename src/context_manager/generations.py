"""Results that are asked for again and again, and how many of them are kept.

Decides what goes when there are too many: they live in two generations, and the older one, of what
was not asked for since the younger one began, goes as a whole. Where keys and values are texts,
numbers and tuples of these, a collection of garbage has nothing to look into; the chain of a
`functools.lru_cache` it walks link by link, which for 40,000 results takes 10 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import wraps
from typing import Any, Generic, TypeVar
from weakref import WeakSet

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Generations(Generic[Key, Value]):
    """A mapping of bounded size. Without a lock: what two threads lose here is made once more.

    Args:
        capacity: Results kept at most; the latest half of them is kept for certain.
    """

    __slots__ = ("__weakref__", "_half", "_old", "_young")

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._old: dict[Key, Value] = {}
        self._young: dict[Key, Value] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: Key) -> Value | None:
        """What is kept for a key; None for nothing."""
        known = self._young.get(key)
        if known is None:
            known = self._old.get(key)
            if known is not None:
                self.keep(key, known)
        return known

    def keep(self, key: Key, value: Value) -> Value:
        """Keep a value, which must not be None, and return it."""
        self._make_room()
        self._young[key] = value
        return value

    def update(self, values: Mapping[Key, Value]) -> None:
        """Keep many; all of them, however many they are."""
        self._make_room()
        self._young.update(values)

    def clear(self) -> None:
        """Keep nothing."""
        self._old, self._young = {}, {}

    def _make_room(self) -> None:
        """Begin a generation where the younger one is full."""
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}


_of_functions: WeakSet[Generations[Any, Any]] = WeakSet()


def let_go() -> None:
    """Keep no result of any `kept` function: they are asked for words and names of texts, and one
    of these was forgotten."""
    for results in list(_of_functions):
        results.clear()


def kept(capacity: int) -> Callable[[Callable[[Key], Value]], Callable[[Key], Value]]:
    """Keep the results of a function of one argument that is never None.

    Args:
        capacity: Results kept at most.
    """

    def decorate(make: Callable[[Key], Value]) -> Callable[[Key], Value]:
        results: Generations[Key, Value] = Generations(capacity)
        _of_functions.add(results)

        @wraps(make)
        def call(key: Key) -> Value:
            known = results.get(key)
            return results.keep(key, make(key)) if known is None else known

        return call

    return decorate
