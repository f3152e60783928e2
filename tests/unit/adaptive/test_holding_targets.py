"""A simulated load: targets are reached, held, and not swung about. Nothing is timed.

The simulated manager takes time and tokens in proportion to its settings, times a load that the
test moves, times noise from a seeded generator; a clock by hand says how late it is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from context_manager import Config
from context_manager.adaptive import Adaptation, Knobs, StepPolicy, TargetPolicy
from context_manager.config import MemoryConfig
from context_manager.records import DEFAULT_SCOPE, Operation
from context_manager.testing.clock import ManualClock

Load = Callable[[int], float]


@dataclass
class Plant:
    """What a build takes: a fixed part, a part by settings, a load, and noise."""

    load: Load
    noise: float = 0.0
    seed: int = 1
    config: Config = field(default_factory=lambda: Config(memory=MemoryConfig()))

    def seconds(self, number: int) -> float:
        memory = self.config.memory
        shown = memory.prompt_token_budget / 12_000 + memory.ltm_hits_k / 20 + memory.recent_k / 20
        return self.load(number) * (0.01 + 0.05 * shown)

    def run(self, adaptation: Adaptation, builds: int) -> list[Knobs]:
        """The settings after each build."""
        chance, clock, history = random.Random(self.seed), ManualClock(), []
        for number in range(builds):
            memory = self.config.memory
            wobble = chance.lognormvariate(0, self.noise)
            seconds = self.seconds(number) * wobble
            tokens = int(memory.prompt_token_budget * 0.9 * chance.uniform(0.9, 1.0))
            figures = {"tokens": tokens, "budget": memory.prompt_token_budget, "chars": 4 * tokens}
            adaptation(Operation("build", DEFAULT_SCOPE, clock(), seconds, figures=figures))
            clock.advance(seconds + 1)
            history.append(Knobs(memory.recent_k, memory.ltm_hits_k, memory.prompt_token_budget))
        return history


def turns(history: list[Knobs]) -> int:
    """How often the direction of movement changed."""
    sizes = [knobs.prompt_token_budget + knobs.recent_k + knobs.ltm_hits_k for knobs in history]
    moves = [b - a for a, b in pairwise(sizes) if a != b]
    return sum(a * b < 0 for a, b in pairwise(moves))


def step(number: int) -> float:
    return 1.0 if number < 1000 else 3.0


def ramp(number: int) -> float:
    return 1.0 + 2.0 * min(number, 2000) / 2000


def steady(number: int) -> float:
    return 2.0


def relief(number: int) -> float:
    return 3.0 if number < 1000 else 1.0


LOADS = {"step": step, "ramp": ramp, "steady": steady, "relief": relief}
TARGET = 0.1


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_a_latency_target_is_reached_and_then_held_still(load):
    plant = Plant(load)
    history = plant.run(Adaptation(plant, TargetPolicy(latency=TARGET)), 4000)
    assert 0.75 * TARGET <= plant.seconds(3999) <= 1.1 * TARGET
    assert len(set(history[-1500:])) == 1, "at rest"
    assert turns(history) <= 1


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_noise_does_not_make_it_swing(load, seed):
    plant = Plant(load, noise=0.5, seed=seed)
    history = plant.run(Adaptation(plant, TargetPolicy(latency=TARGET)), 8000)
    assert 0.7 * TARGET <= plant.seconds(7999) <= 1.2 * TARGET
    assert turns(history) <= 2, "in 400 windows"


@pytest.mark.parametrize("tokens", [3000, 6000, 9000])
def test_a_token_target_is_held_by_the_budget(tokens):
    plant = Plant(steady)
    history = plant.run(Adaptation(plant, TargetPolicy(tokens=tokens)), 3000)
    spent = 0.9 * 0.95 * history[-1].prompt_token_budget
    assert tokens * 0.75 <= spent <= tokens * 1.1
    assert len(set(history[-1000:])) == 1
    assert turns(history) <= 1


def test_the_tighter_of_two_targets_counts():
    plant = Plant(steady)
    history = plant.run(Adaptation(plant, TargetPolicy(latency=10.0, tokens=4000)), 3000)
    assert 0.9 * 0.95 * history[-1].prompt_token_budget <= 4400
    plant = Plant(lambda number: 3.0)
    plant.run(Adaptation(plant, TargetPolicy(latency=TARGET, tokens=11_000)), 3000)
    assert plant.seconds(2999) <= TARGET * 1.1


def test_a_target_out_of_reach_ends_at_the_low_bounds_and_stays():
    plant = Plant(lambda number: 50.0)
    history = plant.run(Adaptation(plant, TargetPolicy(latency=TARGET)), 2000)
    assert history[-1] == Knobs(1, 1, 3000)
    assert turns(history) == 0


def test_settings_never_leave_their_bounds_and_the_budget_never_grows():
    plant = Plant(lambda number: 0.01)
    history = plant.run(Adaptation(plant, TargetPolicy(latency=TARGET)), 2000)
    assert history[-1] == Knobs(10, 20, 12_000)
    assert all(knobs.prompt_token_budget <= 12_000 for knobs in history)


def test_settings_made_by_hand_are_taken_as_the_new_start():
    plant = Plant(steady)
    adaptation = Adaptation(plant, TargetPolicy(tokens=100_000))
    plant.run(adaptation, 100)
    plant.config.memory.prompt_token_budget = 4000
    history = plant.run(adaptation, 1000)
    assert max(knobs.prompt_token_budget for knobs in history) == 4000


@pytest.mark.parametrize("seed", range(5))
def test_the_default_policy_comes_to_rest_as_well(seed):
    plant = Plant(lambda number: 12.0, noise=0.3, seed=seed)
    history = plant.run(Adaptation(plant, StepPolicy()), 8000)
    assert turns(history) == 0
    assert len(set(history[-2000:])) == 1
