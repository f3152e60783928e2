"""A manager that adapts its own settings: a thin spelling of `Adaptation` as a hook."""

from __future__ import annotations

from typing import Any

from context_manager.adaptive.adaptation import Adaptation
from context_manager.adaptive.knobs import Policy
from context_manager.config import Config
from context_manager.manager import ContextManager


class AdaptiveContextManager(ContextManager):
    """A `ContextManager` whose settings follow what its builds take.

    Args:
        base_config: Settings to begin with; they are changed in place.
        policy: Decides which way to turn; `StepPolicy` when left out.
        parts: Further keywords of `ContextManager`.

    Attributes:
        adaptation: The hook at work: its decisions, and the switch that freezes it.
    """

    def __init__(
        self, base_config: Config | None = None, *, policy: Policy | None = None, **parts: Any
    ) -> None:
        super().__init__(base_config, **parts)
        self.adaptation = Adaptation(self, policy, since=self.clock())
        self.hooks.add(self.adaptation)

    def get_adaptation_stats(self) -> dict[str, Any]:
        """Means over the latest builds, and what was decided; see `Adaptation.stats`."""
        return self.adaptation.stats()
