"""`migrate`: all memory of one store to another.

This file decides how the two are named and what is told; moving is `store.moving`'s.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from context_manager.cli.invocation import Invocation, place_of
from context_manager.cli.parameters import Argument, Option
from context_manager.cli.progress import progress
from context_manager.cli.text import plural
from context_manager.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from context_manager.store import Store
    from context_manager.store.moving import Mover

_PLACE = "A file, sqlite:///PATH or postgresql://USER@HOST/NAME."


def migrate(
    call: Invocation,
    source: Annotated[str, Argument(help=f"From where. {_PLACE}")],
    target: Annotated[str, Argument(help=f"To where; made if it is not there. {_PLACE}")],
    replace: Annotated[
        bool, Option("--replace", help="Copy anew what is in the target and differs.")
    ] = False,
) -> None:
    """Copy all memory of all users from one store to another, and check it there.

    Ids, order, vectors, receipts and idempotency keys stay as they are. Stop what writes to either
    store first. A call that was interrupted goes on where it stopped when it is made again.
    """
    from context_manager.store import open_store
    from context_manager.store.moving import move

    origin = place_of(source)
    if isinstance(origin, Path) and not origin.exists():
        raise NotFoundError(f"there is no store at {origin}")
    with closing(open_store(origin)) as left, closing(open_store(place_of(target))) as right:
        if left.location == right.location:
            raise InputError(f"source and target are the same store, {left.location}")
        movers = _mover(left), _mover(right)
        held = len(movers[0].holders())
        with progress(call, "moving", held) as advance:
            moved = move(*movers, replace=replace, progress=lambda done: advance(1))
    told = f"{plural(moved.copied, 'partition')} copied, {moved.already:,} there already"
    call.answer(
        asdict(moved),
        lambda out: out.print(
            f"{told}; {plural(moved.rows, 'row')} checked\nsum {moved.digest}", soft_wrap=True
        ),
    )


def _mover(store: Store) -> Mover:
    mover: Any = getattr(store, "mover", None)
    if mover is None:
        raise InputError(f"the memory of {store.location or 'this store'} cannot be moved")
    return cast("Mover", mover)
