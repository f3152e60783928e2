"""What finds vectors, as the settings say: an index in this process, or the store.

Decides which index columns have, when a store is asked for candidates, and who files what finds
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from context_manager.errors import ConfigError
from context_manager.index import VectorIndex, vector_indexes
from context_manager.index.scanned import ScannedVectors
from context_manager.manager import delegating
from context_manager.records import Partition, Scope

if TYPE_CHECKING:
    from context_manager.manager.parts import ManagerParts
    from context_manager.memory.large import LargeMemories
    from context_manager.store.finding import Finder

PGVECTOR = "pgvector"
"""The vector store that leaves large memories to PostgreSQL."""


def index_of(cm: ManagerParts, dimension: int) -> VectorIndex:
    """An empty index for the columns of a memory.

    Raises:
        ConfigError: Nothing has the name of the vector store, or its options do not fit.
    """
    chosen = cm.config.vector_store
    if chosen.provider == PGVECTOR:
        return ScannedVectors(dimension)  # of memories that are not large
    try:
        return vector_indexes.create(chosen.provider, dimension, **chosen.options)
    except TypeError as error:
        raise ConfigError(
            f"vector_store.options do not fit {chosen.provider!r}: {error}"
        ) from error


def check(cm: ManagerParts) -> None:
    """Refuse a vector store that cannot work here, now instead of at the first search.

    Raises:
        ConfigError: As the two functions here say.
    """
    index_of(cm, cm.archive.dimension)
    large_of(cm)


def large_of(cm: ManagerParts) -> LargeMemories | None:
    """What finds candidates in large memories; None where all memories are read whole.

    Raises:
        ConfigError: The store, its database or the options cannot do it; says how to mend it.
    """
    chosen = cm.config.vector_store
    if chosen.provider != PGVECTOR:
        return None
    from context_manager.memory.large import ABOVE, LargeMemories  # few have any

    above = _above(chosen.options, ABOVE)
    finder: Finder | None = getattr(cm.archive.store, "finder", None)
    if finder is None:
        raise ConfigError(
            'vector_store "pgvector" needs memory in PostgreSQL; open postgresql://..., or leave '
            'the setting at "numpy"'
        )
    finder.check(cm.archive.dimension)
    return LargeMemories(finder, above, lambda partition: file_later(cm, partition))


def file_later(cm: ManagerParts, partition: Partition) -> None:
    """File what is due in a large memory in the background, or leave it to workers."""
    queue = delegating.queue_of(cm)
    if queue is not None:
        delegating.leave(cm, queue, delegating.EMBED, Scope(*partition))
        return

    def file_some() -> None:
        if cm.archive.file(partition):
            cm.engine.background.submit(("file", partition), file_some)

    cm.engine.background.submit(("file", partition), file_some)


def _above(options: object, usual: int) -> int:
    match options:
        case {"above": int(above), **others} if not others and above >= 0:
            return above
        case {**others} if not others:
            return usual
    raise ConfigError(
        f'vector_store.options of "pgvector" are {{"above": entries}}, got {options!r}'
    )
