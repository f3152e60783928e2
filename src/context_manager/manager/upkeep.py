"""What is done to memory as a whole, rather than in a conversation: the upkeep face of a manager.

Decides names and arguments; each method is a thin face over one module beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from context_manager.manager import reverting
from context_manager.manager.parts import ManagerParts
from context_manager.records import Receipt

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager


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
        return reverting.revert(self._whole, source, since, after)

    def release(self, entry_id: str) -> None:
        """Let an entry that was quarantined into prompts again.

        Raises:
            NotFoundError: No such entry in this scope.
        """
        self.require_user()
        reverting.release(self._whole, entry_id)

    def receipts(self) -> list[Receipt]:
        """Every receipt of what was forgotten of this user, oldest first."""
        self.require_user()
        return self.archive.erasures.receipts(self.scope.partition)

    @property
    def _whole(self) -> ContextManager:
        return cast("ContextManager", self)
