"""Ten minutes of 32 connections: no error, no growing memory, no growing number of files."""

from __future__ import annotations

import asyncio

import pytest

from bench.service.__main__ import WARM_UP, measured

SECONDS = 600.0


@pytest.mark.soak
def test_a_service_under_load_stays_the_same():
    mixed, reading = asyncio.run(measured("packaged", connections=32, seconds=SECONDS))
    for phase in (mixed, reading):
        assert phase.seen.failures == {}
        assert phase.seen.requests > 0
    # What is stored takes room: a vector of 1.5 kB for each message, its words and its text.
    assert mixed.kilobytes_per_turn < 32, mixed.watch.samples[::10]
    assert reading.watch.slope(WARM_UP) < 1.0, reading.watch.samples[::10]
    settled = mixed.watch.after(WARM_UP)
    assert max(sample.files for sample in settled) <= settled[0].files + 16
    assert max(sample.threads for sample in settled) <= settled[0].threads + 4
