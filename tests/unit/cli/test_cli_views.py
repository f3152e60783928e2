"""What the program shows: short, exact, and harmless to the terminal it is shown on."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from context_manager.cli.explaining import COLOURS, explanation, own_text, shares
from context_manager.cli.outcome import EXIT_CODES, code_of
from context_manager.cli.text import (
    date_time,
    day,
    duration,
    excerpt,
    harmless,
    memories,
    month,
    plural,
    size,
)
from context_manager.errors import (
    BudgetError,
    ConfigError,
    ContextManagerError,
    CorruptStoreError,
    EmbeddingError,
    ImportFormatError,
    InputError,
    NotFoundError,
    ScopeError,
)
from context_manager.records import Context, NearMiss, Slot


@given(text=st.text(max_size=400), length=st.integers(3, 80), around=st.text(max_size=10))
def test_an_excerpt_is_one_harmless_line_within_its_length(
    text: str, length: int, around: str
) -> None:
    short = excerpt(text, length, around=around)
    assert len(short) <= length
    assert "\n" not in short
    assert harmless(short) == short


@given(before=st.integers(0, 60), after=st.integers(0, 60), length=st.integers(40, 80))
def test_an_excerpt_keeps_what_it_is_about(before: int, after: int, length: int) -> None:
    text = f"{'word ' * before}the needle itself{' word' * after}"
    assert "needle" in excerpt(text, length, around="needle")


def test_what_steers_a_terminal_is_defused() -> None:
    text = "a\x1b[2Jb\x07c\u202ed\x9be\nf\tg"
    assert harmless(text) == "a\ufffd[2Jb\ufffdc\ufffdd\ufffde\nf\tg"
    assert harmless("naïve 日本 🙂\r\n") == "naïve 日本 🙂\n"


@given(
    tokens=st.lists(st.integers(0, 5000), max_size=5),
    budget=st.integers(0, 20_000),
    width=st.integers(1, 200),
)
def test_a_bar_never_overflows_and_a_full_prompt_fills_it(
    tokens: list[int], budget: int, width: int
) -> None:
    spent = dict(zip(COLOURS, tokens, strict=False))
    cells = shares(spent, budget, width)
    assert all(count >= 0 for count in cells.values())
    assert sum(cells.values()) <= width
    if sum(tokens) >= budget and sum(tokens):
        assert sum(cells.values()) == width


def slot(section: str, text: str, tokens: int, **more: object) -> Slot:
    return Slot(section, text, tokens, f"because of {section}", **more)  # type: ignore[arg-type]


CONTEXT = Context(
    text="...",
    tokens=60,
    budget=100,
    slots=(
        slot("pinned", "Always remember:\nBe [bold]brief[/bold]", 10, kind="pinned"),
        slot(
            "memory",
            "Relevant previous context:\n<memory>\n[1 May 2024]\nAda: The \x1b[31mkey\n</memory>",
            40,
            speaker="Ada",
            timestamp=1714557600.0,
            score=0.75,
            cut=True,
        ),
        slot("input", "\n\nCurrent user input: Where?", 10),
    ),
    near_misses=(NearMiss("mem_1", "A key of gold", 30, "would cost 30 tokens", 0.4),),
    covered=False,
    answerability=0.25,
    degraded=("embedding",),
)


def shown(width: int) -> str:
    """The explanation as it stands on a terminal of this width, in one line."""
    out = Console(file=io.StringIO(), width=width, highlight=False)
    out.print(explanation(CONTEXT, width))
    assert isinstance(out.file, io.StringIO)
    assert all(len(line) <= width for line in out.file.getvalue().splitlines())
    return " ".join(out.file.getvalue().split())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_an_explanation_tells_everything_at_any_width(width: int) -> None:
    text = shown(width)
    for part in (
        *("60 of 100 tokens (60%)", "pinned 10", "memory 40", "input 10", "free 40"),
        *("Be [bold]brief[/bold]", "Ada · 1 May 2024", "The \ufffd[31mkey", "0.75"),
        *("because of memory (cut)", "3 slots", "A key of gold", "would cost 30 tokens", "0.40"),
        *("a probability of 25%", "No memory seems to answer this."),
        "Degraded: embedding did not work",
    ):
        assert part in text, part


@pytest.mark.parametrize(
    ("given_slot", "said"),
    [
        (CONTEXT.slots[0], "Be [bold]brief[/bold]"),
        (CONTEXT.slots[1], "The \x1b[31mkey"),
        (CONTEXT.slots[2], "Where?"),
        (slot("memory", "Ada: yes: no", 1, speaker="Ada"), "yes: no"),
        (slot("memory", "without a frame", 1, speaker="Ada"), "without a frame"),
    ],
)
def test_a_row_shows_what_a_slot_says_without_the_frame(given_slot: Slot, said: str) -> None:
    assert own_text(given_slot) == said


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFoundError("x"), 3),
        (BudgetError(1, 2), 4),
        (ImportFormatError("x"), 5),
        (CorruptStoreError("x"), 6),
        (ScopeError("x"), 2),
        (InputError("x"), 2),
        (ConfigError("x"), 2),
        (EmbeddingError("x"), 1),
        (ContextManagerError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert code_of(error) == code
    assert code in {row.code for row in EXIT_CODES}


def test_numbers_and_times_are_short() -> None:
    assert [size(n) for n in (0, 999, 1500, 2_000_000, 3 * 10**12)] == [
        *("0 B", "999 B", "1.5 KB", "2.0 MB", "3.0 TB")
    ]
    assert [duration(s) for s in (0.0004, 0.012, 3.14)] == ["0.4 ms", "12 ms", "3.1 s"]
    assert [plural(n, "turn") for n in (0, 1, 2000)] == ["0 turns", "1 turn", "2,000 turns"]
    assert [memories(1), memories(2)] == ["1 memory", "2 memories"]
    assert (day(0), month(0), date_time(0)) == ("1 Jan 1970", "Jan 1970", "1970-01-01 00:00")
    assert day(None) == date_time(None) == ""
