"""What is done to memory as a whole, rather than in a conversation: the upkeep face of a manager.

Decides names and arguments; each method is a thin face over one module beside it, imported when it
is called: most programs call none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from context_manager.manager import recording
from context_manager.manager.checking import checked_path
from context_manager.manager.parts import ManagerParts
from context_manager.records import Context, Receipt

if TYPE_CHECKING:
    from context_manager.manager.exporting import Exported
    from context_manager.manager.importing import Imported


class UpkeepFace(ManagerParts):
    """The upkeep methods of `ContextManager`."""

    def revert(
        self,
        *,
        source: str | None = None,
        since: float | None = None,
        after: str | None = None,
    ) -> Receipt:
        """Forget what came from a source, or since a time, with everything derived from it.

        What was derived from other things as well is made anew from those. All that is given
        must hold.

        Args:
            source: Value of ``source`` in the metadata: what `ingest_text` was given, or a
                message's own; a directory stands for the files below it.
            since: Said or dated at this time or later, seconds since 1970.
            after: Stored later than the entry of this id, whatever it is dated.

        Returns:
            Counts and steps, without content.

        Raises:
            InputError: Nothing was given.
            NotFoundError: ``after`` names no entry of this scope.
        """
        self.require_user()
        from context_manager.manager import reverting

        return reverting.revert(self._whole, source, since, after)

    def release(self, entry_id: str) -> None:
        """Let an entry that was quarantined into prompts again.

        Raises:
            NotFoundError: No such entry in this scope.
        """
        self.require_user()
        from context_manager.manager import reverting

        reverting.release(self._whole, entry_id)

    def export(
        self, path: str | Path, *, everybody: bool = False, vectors: bool = False
    ) -> Exported:
        """Write all memory of this user to a new file of JSON lines that `import_export` reads.

        Original ids, times, order and provenance are in it, receipts and tombstones too; the file
        is as private as the store.

        Args:
            path: The file; it must not exist.
            everybody: The memory of all users of the store.
            vectors: Take the vectors along, so that importing needs no embedding.

        Raises:
            InputError: The file exists already.
            StoreError: It cannot be written, or others write too often.
        """
        if not everybody:
            self.require_user()
        from context_manager.manager import exporting

        return exporting.export(self._whole, checked_path(path), everybody, vectors)

    def import_export(
        self,
        path: str | Path,
        *,
        everybody: bool = False,
        progress: Callable[[int], object] | None = None,
    ) -> Imported:
        """Add what `export` wrote. What was forgotten since, here or there, stays out.

        A second import of the same file adds nothing. The file's tombstones erase what they name.

        Args:
            path: The file; it is checked to its end first.
            everybody: Also the memory of other users.
            progress: Is told how many entries were added so far.

        Raises:
            ImportFormatError: Not an export, newer, damaged or truncated; nothing was added.
            ScopeError: It holds memory of others, and ``everybody`` is off.
        """
        if not everybody:
            self.require_user()
        from context_manager.manager import importing

        return importing.import_export(self._whole, checked_path(path), everybody, progress)

    def reembed(
        self, *, everybody: bool = False, progress: Callable[[int], object] | None = None
    ) -> int:
        """Give all memory of this user vectors of the present embedding model.

        Needed after a change of the model: until then words alone rank, and vectors of the two
        are never compared. Others may read and write meanwhile; a call that was killed goes on
        where it stopped. The old vectors stay until all is done.

        Args:
            everybody: The memory of all users of the store.
            progress: Is told how many passages were embedded so far.

        Returns:
            How many passages were embedded.

        Raises:
            EmbeddingError: The embedder failed; what was embedded before stays.
        """
        if not everybody:
            self.require_user()
            return self.archive.reembed(self.scope.partition, progress)
        done = 0
        for partition in self.archive.store.partitions():
            done += self.archive.reembed(partition)
            if progress is not None:
                progress(done)
        return done

    def sweep(self, *, everybody: bool = False, now: float | None = None) -> list[Receipt]:
        """Forget what has expired, and what the setting ``retention`` lets live no longer.

        What has expired is never shown, swept or not; this deletes it. Pinned entries stay.
        Recorded prompts beyond the setting ``recorded`` go too. A worker calls this once a day for
        everybody; nothing else does.

        Args:
            everybody: The memory of all users of the store.
            now: The present, seconds since 1970; the clock when left out.

        Returns:
            A receipt for each user of whom something was forgotten.
        """
        if not everybody:
            self.require_user()
        from context_manager.manager import sweeping

        return sweeping.sweep(self._whole, everybody, now)

    def replay(self, context_id: str) -> Context:
        """The prompt of this id as it was built, from what was written down with ``record``.

        It is the same byte for byte, whatever was remembered since; where something in it was
        forgotten since, a slot with ``hole`` set stands in its place. ``degraded`` names "replay"
        if this version renders prompts otherwise than the one that built it.

        Raises:
            NotFoundError: No recorded prompt of this id in this scope.
        """
        self.require_user()
        return recording.replay(self._whole, context_id)

    def recorded(self, last: int = 100) -> list[tuple[str, float]]:
        """The newest recorded prompts of this user, oldest first: id, and seconds since 1970.

        Args:
            last: How many at most.
        """
        self.require_user()
        return recording.recorded(self._whole, last)

    def receipts(self) -> list[Receipt]:
        """Every receipt of what was forgotten of this user, oldest first."""
        self.require_user()
        return self.archive.erasures.receipts(self.scope.partition)
