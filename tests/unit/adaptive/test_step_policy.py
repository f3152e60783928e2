"""The default policy: its thresholds, its bounds, and that it never works against the user."""

from __future__ import annotations

import pytest

from context_manager.adaptive import Knobs, Reading, Sample, StepPolicy

KNOBS = Knobs(5, 7, 12_000)


def reading(seconds=0.5, tokens=6000, *, chars=0, errors=0, since=301.0, count=20) -> Reading:
    sample = Sample(at=0.0, seconds=seconds, tokens=tokens, budget=12_000, chars=chars)
    return Reading(at=1000.0, since=since, samples=(sample,) * count, fresh=count, errors=errors)


@pytest.mark.parametrize(
    ("given", "knobs", "expected"),
    [
        pytest.param(reading(1.5), KNOBS, Knobs(4, 6, 12_000), id="slow: less"),
        pytest.param(reading(0.05, 5000), KNOBS, Knobs(6, 8, 12_000), id="fast and empty: more"),
        pytest.param(reading(0.05, 6001), KNOBS, KNOBS, id="fast but half full: hold"),
        pytest.param(reading(0.5, 100), KNOBS, KNOBS, id="between: hold"),
        pytest.param(
            reading(0.05, 5000, chars=30_000),
            KNOBS,
            Knobs(6, 8, 12_000),
            id="tokens, not characters",
        ),
        pytest.param(reading(1.5), Knobs(3, 5, 9000), Knobs(3, 5, 9000), id="at the low bound"),
        pytest.param(reading(1.5), Knobs(1, 2, 9000), Knobs(1, 2, 9000), id="below it: not raised"),
        pytest.param(
            reading(0.05, 10), Knobs(10, 15, 9000), Knobs(10, 15, 9000), id="at the high bound"
        ),
        pytest.param(
            reading(0.05, 10), Knobs(40, 50, 9000), Knobs(40, 50, 9000), id="above it: not lowered"
        ),
        pytest.param(reading(errors=11), KNOBS, Knobs(5, 7, 11_000), id="errors: smaller budget"),
        pytest.param(
            reading(errors=11), Knobs(5, 7, 6500), Knobs(5, 7, 6000), id="errors: down to the bound"
        ),
        pytest.param(
            reading(errors=11),
            Knobs(5, 7, 900),
            Knobs(5, 7, 900),
            id="a small budget is not raised",
        ),
    ],
)
def test_rule(given, knobs, expected):
    decision = StepPolicy()(given, knobs)
    assert decision is not None
    assert decision.knobs == expected
    assert decision.clears_errors == bool(given.errors)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(reading(1.5, since=300.0), id="too soon"),
        pytest.param(reading(count=0), id="nothing measured"),
        pytest.param(reading(errors=10, since=1.0), id="few errors"),
    ],
)
def test_it_waits(given):
    assert StepPolicy()(given, KNOBS) is None
