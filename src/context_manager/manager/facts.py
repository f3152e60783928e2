"""The methods of a manager about facts; each is a thin face over `learning`.

Decides names and arguments only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from context_manager.manager import learning
from context_manager.manager.checking import checked_as_of
from context_manager.records import MemoryEntry, Trust

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager


class FactFace:
    """What a `ContextManager` says about facts that change; see the setting ``facts``.

    Example:
        >>> from context_manager import Config, ContextManager
        >>> cm = ContextManager(Config(facts="rules"))
        >>> _ = cm.observe("I live in Leeds.", "Noted.")
        >>> _ = cm.observe("I moved to Aberdeen.", "Far north!")
        >>> [fact.text for fact in cm.facts()]
        ['The user lives in Aberdeen.']
        >>> [fact.text for fact in cm.history(cm.facts()[0].id)]
        ['The user lives in Leeds.', 'The user lives in Aberdeen.']
    """

    def facts(self, *, as_of: float | None = None) -> list[MemoryEntry]:
        """The facts that hold, oldest first.

        Args:
            as_of: Those that held at that time, seconds since 1970; now when left out.

        Raises:
            InputError: ``as_of`` is not a finite number.
        """
        cm = cast("ContextManager", self)
        cm.require_user()
        return cm.engine.facts(cm.scope.partition).standing(checked_as_of(as_of))

    def history(self, fact_id: str) -> list[MemoryEntry]:
        """All that stood in a fact's place, oldest first: each says from when to when it held.

        Raises:
            NotFoundError: No such fact in this scope.
        """
        cm = cast("ContextManager", self)
        cm.require_user()
        return learning.history(cm, fact_id)

    def correct(self, fact_id: str, new_text: str, *, trust: Trust = Trust.USER) -> str:
        """Put a statement in a fact's place; the old one is kept as what held until now.

        Args:
            fact_id: A fact that nothing has replaced yet.
            new_text: The statement that holds, as a sentence.
            trust: How far whoever says so is trusted.

        Returns:
            The id of the new fact.

        Raises:
            NotFoundError: No such entry in this scope.
            InputError: It is no fact, it was replaced already, or the text is empty.
            ConflictError: It was replaced at the same moment.
        """
        cm = cast("ContextManager", self)
        cm.require_user()
        return learning.correct(cm, fact_id, new_text, trust)
