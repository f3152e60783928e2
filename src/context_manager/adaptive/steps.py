"""The default policy: a step down when builds are slow, a step up when there is room, in minutes.

Decides by four fixed thresholds. Between them it holds, and it waits long between two decisions,
so that it does not swing. It knows no target; see `targets` for a policy that holds one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from context_manager.adaptive.knobs import (
    Bound,
    Decision,
    Knobs,
    Limits,
    Reading,
    mean_seconds,
    mean_tokens,
)

LIMITS = Limits(
    recent_k=Bound(3, 10), ltm_hits_k=Bound(5, 15), prompt_token_budget=Bound(6000, 1_000_000)
)


@dataclass(frozen=True, slots=True)
class StepPolicy:
    """Moves ``recent_k`` and ``ltm_hits_k`` by one, and the budget down after many errors.

    Args:
        interval: Seconds between two decisions about speed.
        window: Builds that a decision goes by.
        slow: Mean seconds of a build above which less is shown.
        fast: Mean seconds below which more may be shown.
        filled: Share of the token budget that prompts use, from which on no more is shown.
        most_errors: Failed builds after which the budget is lowered, at once.
        budget_step: By how many tokens.
        limits: Bounds; a setting that is outside of them is not pulled in.
    """

    interval: float = 300.0
    window: int = 20
    slow: float = 1.0
    fast: float = 0.1
    filled: float = 0.5
    most_errors: int = 10
    budget_step: int = 1000
    limits: Limits = LIMITS

    def __call__(self, reading: Reading, knobs: Knobs) -> Decision | None:
        """The decision, or None while it is not time for one."""
        if reading.errors > self.most_errors:
            budget = self.limits.prompt_token_budget.moved(
                knobs.prompt_token_budget, -self.budget_step
            )
            reason = f"{reading.errors} builds failed"
            return Decision(replace(knobs, prompt_token_budget=budget), reason, clears_errors=True)
        samples = reading.latest(self.window)
        if reading.since <= self.interval or not samples:
            return None
        seconds, tokens = mean_seconds(samples), mean_tokens(samples)
        if seconds > self.slow:
            return Decision(self._moved(knobs, -1), f"builds take {seconds:.3f} s")
        if seconds < self.fast and tokens < self.filled * knobs.prompt_token_budget:
            reason = f"builds take {seconds:.3f} s and fill {tokens:.0f} tokens"
            return Decision(self._moved(knobs, 1), reason)
        return Decision(knobs, f"builds take {seconds:.3f} s: nothing to do")

    def _moved(self, knobs: Knobs, by: int) -> Knobs:
        return replace(
            knobs,
            recent_k=self.limits.recent_k.moved(knobs.recent_k, by),
            ltm_hits_k=self.limits.ltm_hits_k.moved(knobs.ltm_hits_k, by),
        )
