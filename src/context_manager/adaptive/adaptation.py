"""Watches the builds of a manager and turns its settings as a policy decides.

Decides what is measured, that decisions are carried out and logged, and what freezing means. It
goes by what hooks are told and reads no clock. Which way to turn is the policy's decision.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import replace
from typing import Any, Protocol

from context_manager.adaptive.knobs import (
    Decision,
    Knobs,
    Policy,
    Reading,
    Sample,
    mean_seconds,
    mean_tokens,
)
from context_manager.adaptive.steps import StepPolicy
from context_manager.config import Config, MemoryConfig
from context_manager.forks import ForkSafeLock
from context_manager.records import Operation

_log = logging.getLogger(__name__)

SAMPLES = 100
"""Builds remembered."""

RECENT = 20
"""Builds that the statistics are about."""


class HasConfig(Protocol):
    """Whatever has settings; a manager does."""

    config: Config


class Adaptation:
    """A hook that moves ``recent_k``, ``ltm_hits_k`` and ``prompt_token_budget``.

    Args:
        manager: Whose settings are turned: its ``config``, read anew each time, which it shares
            with everything scoped from it.
        policy: Decides; `StepPolicy` when left out.
        since: From when on the policy waits, seconds since 1970.

    Attributes:
        frozen: True while nothing is turned; measuring goes on.
        decisions: The latest decisions that changed something, oldest first.

    Example:
        >>> from context_manager import ContextManager
        >>> from context_manager.adaptive import Adaptation, TargetPolicy
        >>> cm = ContextManager()
        >>> adaptation = Adaptation(cm, TargetPolicy(latency=0.05, tokens=3000))
        >>> cm.hooks.add(adaptation)
    """

    def __init__(
        self, manager: HasConfig, policy: Policy | None = None, *, since: float = 0.0
    ) -> None:
        self.policy: Policy = StepPolicy() if policy is None else policy
        self.frozen = False
        self.decisions: deque[Decision] = deque(maxlen=SAMPLES)
        self.last_adaptation = since
        self.errors = 0
        self._manager = manager
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._fresh = 0
        self._lock = ForkSafeLock()

    def __call__(self, operation: Operation) -> None:
        """Take note of a build, and act where the policy says so."""
        if operation.name != "build":
            return
        with self._lock:
            if not operation.failed:
                self._samples.append(_sample(operation))
                self._fresh += 1
            elif operation.error != "BudgetError":
                self.errors += 1
            if not self.frozen:
                self._adapt(operation.at + operation.seconds)

    def freeze(self) -> None:
        """Turn nothing until `unfreeze`; the settings stay as they are now."""
        self.frozen = True

    def unfreeze(self) -> None:
        """Turn again; what was measured before is not judged."""
        with self._lock:
            self.frozen, self._fresh = False, 0

    def stats(self) -> dict[str, Any]:
        """Means over the latest builds, and what was decided; JSON-ready."""
        with self._lock:
            recent = list(self._samples)[-RECENT:]
            chars = sum(sample.chars for sample in recent)
            return {
                "avg_build_time": mean_seconds(recent),
                "avg_context_length": chars / len(recent) if recent else 0.0,
                "avg_context_tokens": mean_tokens(recent),
                "total_metrics": len(self._samples),
                "errors": self.errors,
                "last_adaptation": self.last_adaptation,
                "adaptations": len(self.decisions),
                "frozen": self.frozen,
            }

    def _adapt(self, now: float) -> None:
        memory = self._manager.config.memory
        knobs = Knobs(memory.recent_k, memory.ltm_hits_k, memory.prompt_token_budget)
        since = now - self.last_adaptation
        reading = Reading(now, since, tuple(self._samples), self._fresh, self.errors)
        decision = self.policy(reading, knobs)
        if decision is None:
            return
        self.last_adaptation = now
        if decision.clears_errors:
            self.errors = 0
        if decision.knobs != knobs:
            self._carry_out(replace(decision, at=now, before=knobs), memory)

    def _carry_out(self, decision: Decision, memory: MemoryConfig) -> None:
        memory.recent_k = decision.knobs.recent_k
        memory.ltm_hits_k = decision.knobs.ltm_hits_k
        memory.prompt_token_budget = decision.knobs.prompt_token_budget
        self._fresh = 0
        self.decisions.append(decision)
        _log.info("adapted: %s; %s, was %s", decision.reason, decision.knobs, decision.before)


def _sample(operation: Operation) -> Sample:
    figures = operation.figures
    return Sample(
        operation.at,
        operation.seconds,
        tokens=int(figures.get("tokens", 0)),
        budget=int(figures.get("budget", 0)),
        chars=int(figures.get("chars", 0)),
    )
