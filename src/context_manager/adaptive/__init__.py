"""Settings that follow the load: a hook that measures builds, and policies that decide."""

from context_manager.adaptive.adaptation import Adaptation
from context_manager.adaptive.knobs import (
    Bound,
    Decision,
    Knobs,
    Limits,
    Policy,
    Reading,
    Sample,
)
from context_manager.adaptive.manager import AdaptiveContextManager
from context_manager.adaptive.steps import StepPolicy
from context_manager.adaptive.targets import TargetPolicy

__all__ = [
    "Adaptation",
    "AdaptiveContextManager",
    "Bound",
    "Decision",
    "Knobs",
    "Limits",
    "Policy",
    "Reading",
    "Sample",
    "StepPolicy",
    "TargetPolicy",
]
