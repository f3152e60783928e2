"""How well a memory answers: questions made from what was said, and figures from the prompts.

No language model is asked, neither for the questions nor for the figures. The memory that is tried
is handed in (`trials.Memory`): nothing here knows a manager.
"""

from context_manager.evaluation.benchmarks import Question, probes_from, read_questions
from context_manager.evaluation.probes import KINDS, Probe, probes_of
from context_manager.evaluation.trials import Figures, Memory, evaluate

__all__ = [
    "KINDS",
    "Figures",
    "Memory",
    "Probe",
    "Question",
    "evaluate",
    "probes_from",
    "probes_of",
    "read_questions",
]
