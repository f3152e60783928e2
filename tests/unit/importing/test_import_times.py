"""Times as chats write them are read alike everywhere, and what is no time is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from context_manager.importing import parse_time

HALF_PAST_ONE = datetime(2024, 5, 7, 13, 30, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2024, 5, 7, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (HALF_PAST_ONE, HALF_PAST_ONE),
        (int(HALF_PAST_ONE) * 1000, HALF_PAST_ONE),
        (int(HALF_PAST_ONE) * 1_000_000, HALF_PAST_ONE),
        (int(HALF_PAST_ONE) * 1_000_000_000, HALF_PAST_ONE),
        (f"{HALF_PAST_ONE:.0f}", HALF_PAST_ONE),
        (0, 0.0),
        ("2024-05-07T13:30:00Z", HALF_PAST_ONE),
        ("2024-05-07T15:30:00+02:00", HALF_PAST_ONE),
        (" 2024-05-07 13:30 ", HALF_PAST_ONE),
        ("2024-05-07", MIDNIGHT),
        ("20240507", MIDNIGHT),
        ("1:30 pm on 7 May, 2024", HALF_PAST_ONE),
        ("01:30 PM on 7 May 2024", HALF_PAST_ONE),
        ("12:00 am on 7 May, 2024", MIDNIGHT),
        ("12:00 pm on 7 May, 2024", MIDNIGHT + 12 * 3600),
        ("May-07-2024", MIDNIGHT),
        ("May 7, 2024", MIDNIGHT),
        ("sept 1, 2024", datetime(2024, 9, 1, tzinfo=UTC).timestamp()),
    ],
)
def test_a_time_is_read(written: object, expected: float) -> None:
    assert parse_time(written) == pytest.approx(expected)


@pytest.mark.parametrize(
    "written",
    [
        *("", "yesterday", "13:30", "2024-13-07", "2024-02-30", "Febtober 3, 2024"),
        *("31:00 pm on 7 May, 2024", "0:30 pm on 7 May, 2024", "1:30 pm on 31 June, 2024"),
        *(True, None, [], {}, float("nan"), float("inf"), 10**400, "9" * 5000, -1e11),
    ],
)
def test_what_is_no_time_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(written)
