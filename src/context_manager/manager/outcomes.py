"""The items of a batch: how they are divided, run and stored, and what becomes of each.

One item that fails costs the others nothing: they are done, and then `BatchError` names the failed
ones and holds the results of the rest, or, with ``return_exceptions=True``, each error stands in
its item's place. This file knows no memory: what is done with an item is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextvars import copy_context
from itertools import islice
from typing import Generic, TypeAlias, TypeVar, cast

from context_manager.errors import BatchError, ContextManagerError, InputError

T = TypeVar("T")
Item = TypeVar("Item")
Draft = TypeVar("Draft")

PORTION = 500
"""Items that are embedded in one call and written in one transaction; a longer batch is done in
portions of this size, so that no batch holds the store's lock, or all its texts at once, for long.
"""

Progress: TypeAlias = Callable[[int], object]
"""Is told how many items of the batch are done so far, the failed ones included."""


class Outcomes(Generic[T]):
    """What became of the items of a batch, in their order."""

    def __init__(self) -> None:
        self.results: list[T | None] = []
        self.errors: dict[int, BaseException] = {}

    def reserve(self, count: int) -> int:
        """Make room for so many items at the end; the place of the first."""
        first = len(self.results)
        self.results += [None] * count
        return first

    def tell(self, progress: Progress | None) -> None:
        """Say how many items there are so far."""
        if progress is not None:
            progress(len(self.results))

    def settled(self, return_exceptions: bool) -> list[T]:
        """The results, with the errors in their places or raised."""
        if self.errors and not return_exceptions:
            raise BatchError(self.results, self.errors)
        for place, error in self.errors.items():
            self.results[place] = cast("T", error)
        return cast("list[T]", self.results)


def portions(items: Iterable[Item], size: int = PORTION) -> Iterator[list[Item]]:
    waiting = iter(items)
    while portion := list(islice(waiting, size)):
        yield portion


def call_each(
    function: Callable[[Item], T],
    items: Sequence[Item],
    workers: int,
    done: Outcomes[T],
    progress: Progress | None,
) -> None:
    first = done.reserve(len(items))
    pool = ThreadPoolExecutor(workers, thread_name_prefix="context-manager-batch")
    try:
        places: dict[Future[T], int] = {
            pool.submit(copy_context().run, function, item): first + at
            for at, item in enumerate(items)
        }
        for number, future in enumerate(as_completed(places), first + 1):
            error = future.exception()
            if error is None:
                done.results[places[future]] = future.result()
            elif isinstance(error, Exception):
                done.errors[places[future]] = error
            else:
                raise error
            if progress is not None:
                progress(number)
    finally:
        pool.shutdown(cancel_futures=True)


def write(
    portion: Sequence[Item],
    prepare: Callable[[Item], Draft],
    commit: Callable[[Sequence[Draft]], Sequence[T]],
    done: Outcomes[T],
) -> None:
    """Prepare each item by itself, then store those that can be stored together."""
    ready: list[tuple[int, Draft]] = []
    for place, item in enumerate(portion, done.reserve(len(portion))):
        try:
            ready.append((place, prepare(item)))
        except ContextManagerError as error:
            done.errors[place] = error
    if ready:
        _commit(ready, commit, done)


def _commit(
    ready: Sequence[tuple[int, Draft]],
    commit: Callable[[Sequence[Draft]], Sequence[T]],
    done: Outcomes[T],
) -> None:
    """Store together; what the store refuses for one item's sake is divided until it is alone."""
    try:
        results = commit([draft for _, draft in ready])
    except InputError as error:
        half = len(ready) // 2
        if not half:
            done.errors[ready[0][0]] = error
            return
        _commit(ready[:half], commit, done)
        _commit(ready[half:], commit, done)
    except ContextManagerError as error:
        done.errors.update((place, error) for place, _ in ready)
    else:
        for (place, _), result in zip(ready, results, strict=True):
            done.results[place] = result
