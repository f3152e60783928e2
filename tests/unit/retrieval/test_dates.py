"""Which days a question names, and how near something was said to them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from context_manager.retrieval.dates import DAY, Moment, moments, nearness


def on(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


NOW = on(2024, 3, 20).timestamp()


def near(question: str, *days: datetime) -> list[float]:
    times = np.array([day.timestamp() for day in days])
    return [round(float(value), 2) for value in nearness(times, moments(question, NOW))]


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("What did Ilse plant on 7 May 2023?", on(2023, 5, 7)),
        ("What did Ilse plant on May 7th, 2023?", on(2023, 5, 7)),
        ("What happened on 2023-05-07?", on(2023, 5, 7)),
        ("Was geschah am 7. Mai 2023?", on(2023, 5, 7)),
        ("Que s'est-il pass\u00e9 le 7 mai 2023 ?", on(2023, 5, 7)),
        ("\u00bfQu\u00e9 pas\u00f3 el 7 de mayo de 2023?", on(2023, 5, 7)),
        ("What did I do two weeks ago?", on(2024, 3, 6)),
        ("What did I cook yesterday?", on(2024, 3, 19)),
        ("Where was I last month?", on(2024, 2, 19)),
        ("Where was I 3 months ago?", on(2023, 12, 20)),
    ],
)
def test_a_day_is_understood_however_it_is_named(question: str, day: datetime) -> None:
    far = on(day.year - 1, day.month, day.day)
    there, elsewhere = near(question, day, far)

    assert there > 0.9
    assert elsewhere < 0.1


def test_the_days_after_count_less_and_less() -> None:
    days = [on(2023, 5, number) for number in (7, 9, 12, 20)]
    values = near("What did Ilse plant on 7 May 2023?", *days)

    assert values == sorted(values, reverse=True)
    assert values[0] > 0.9 > values[1] > 0.5 > values[2] > values[3]


def test_a_month_without_a_year_is_that_month_of_every_year() -> None:
    values = near("What did Ilse do in June?", on(2021, 6, 14), on(2023, 6, 16),
                  on(2023, 12, 15))  # fmt: skip

    assert values == pytest.approx([1.0, 1.0, 0.0], abs=0.05)


@pytest.mark.parametrize(
    "question",
    ["What may I do?", "Where do we march?", "Who won?", "On 31 June 2023?", "Is it 2023-13-01?"],
)
def test_what_only_looks_like_a_date_names_no_day(question: str) -> None:
    assert moments(question, NOW) == ()


def test_what_has_no_time_is_near_no_day() -> None:
    named = (Moment(NOW, DAY),)

    assert nearness(np.array([np.nan, NOW]), named).tolist() == [0.0, 1.0]
    assert nearness(np.array([NOW]), ()).tolist() == [0.0]
