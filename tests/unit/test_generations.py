"""What is kept is bounded, stays while it is asked for, and goes when a text is forgotten."""

from __future__ import annotations

import pytest

from context_manager import Config, ContextManager
from context_manager.config import EmbeddingConfig
from context_manager.generations import Generations, _of_functions, kept

WORD = "xylophonistwhisperer"


def test_no_more_is_kept_than_there_is_room_for_and_what_is_asked_for_stays() -> None:
    results: Generations[int, int] = Generations(10)
    results.keep(-1, 1)
    for number in range(100):
        results.keep(number, number)
        assert results.get(-1) == 1
        assert len(results) <= 10


def test_a_function_is_called_once_while_its_result_is_kept() -> None:
    asked: list[int] = []

    @kept(10)
    def doubled(number: int) -> int:
        asked.append(number)
        return 2 * number

    assert [doubled(4), doubled(4)] == [8, 8]
    assert asked == [4]


def kept_words() -> list[str]:
    """All texts under which any function keeps a result."""
    results = [part for each in _of_functions for part in (each._young, each._old)]
    tables = [value for part in results for value in part.values() if isinstance(value, dict)]
    return [key for table in (*results, *tables) for key in table if isinstance(key, str)]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_no_word_of_a_forgotten_text_stays_in_what_is_kept(elsewhere: bool, tmp_path) -> None:
    config = Config(embedding=EmbeddingConfig("hash"))
    with (
        ContextManager.open(tmp_path / "memory.db", config) as cm,
        ContextManager.open(tmp_path / "memory.db", config) as other,
    ):
        entry_id = other.add_memory(f"The {WORD.capitalize()} is my password")
        cm.build_context("What is my password?")
        assert [word for word in kept_words() if WORD in word.lower()]
        (other if elsewhere else cm).forget(entry_id)
        cm.build_context("What else is there?")
        assert not [word for word in kept_words() if WORD in word.lower()]
