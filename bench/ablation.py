"""What each idea of ranking adds: columns and constants switched off, on all data at once.

    python -m bench.ablation DATA... [--store FILE.db] [--page docs/benchmarks.md]

Ranks with the package's pure functions and fills budgets with its own selection; frame and
headings are estimated, so that a figure here may differ by some tenths from the exact ones.
Differences are paired per question, with 95 % bootstrap intervals.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.quality.__main__ import open_memory, remember
from bench.quality.report import table, write
from bench.quality.trials import (
    BUDGETS,
    Chat,
    Floats,
    Measured,
    figures,
    fitted,
    left_out,
    measure_all,
)
from context_manager.evaluation.benchmarks import read_questions
from context_manager.evaluation.measures import paired_interval
from context_manager.retrieval import analysis, features, lexical
from context_manager.retrieval.rank import WEIGHTS

Figures = Mapping[str, Sequence[float]]
"""By "locomo 500", "beam R@10" and so on: one figure per question."""

Patch = tuple[Any, str, Any]

STAGES: Sequence[tuple[str, tuple[str, ...], tuple[Patch, ...]]] = (
    ("words alone", ("words",), ((lexical, "FADE", 1e-9),)),
    ("a word said nearby counts too, once", ("words",), ()),
    ("vectors, standardised and summed", ("words", "vectors"), ()),
    ("vectors of what was said nearby", ("words", "vectors", "vectors nearby"), ()),
    ("the speaker whom the question names", ("speaker",), ()),
    ("who said it: user or assistant", ("assistant", "assistant asked"), ()),
    ("length of the message", ("long",), ()),
    ("questions for a time or a number", ("time", "number"), ()),
    ("standing wishes", ("standing",), ()),
    ("days and months that the question names", ("date",), ()),
)
"""Each with the columns it adds; their weights are learned anew, from other conversations."""

CHANGES: Sequence[tuple[str, tuple[Patch, ...]]] = (
    ("words said nearby do not count", ((lexical, "FADE", 1e-9),)),
    ("words said nearby fade by .5 per step (.7)", ((lexical, "FADE", 0.5),)),
    ("BM25 with b = .75 (.3)", ((lexical, "B", 0.75),)),
    ("BM25 with k1 = 2 (1.2)", ((lexical, "K1", 2.0),)),
    ("likeness nearby fades by .6 per step (.37)", ((features, "FADE", 0.6),)),
    ("question words are looked up", ((analysis, "QUESTION_WORDS", frozenset()),)),
    ("words about asking are looked up", ((analysis, "ASKING_WORDS", frozenset()),)),
    ("speakers' names are words like others", ((features, "_topics", lambda q, _s: q.words),)),
)
"""Constants changed, all weights as they are."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that a trial needs.

    Args:
        chats: Conversations by name.
        measured: All answerable questions, measured as the package does.
        remeasure: Measures them again, after a change.
    """

    chats: Mapping[str, Chat]
    measured: Sequence[Measured]
    remeasure: Callable[[], list[Measured]]


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.ablation", description=__doc__)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--page", type=Path)
    given = parser.parse_args(arguments)
    root = open_memory(given.store)
    remember(root, given.data)
    questions = [q for path in given.data for q in read_questions(path)]
    names = dict.fromkeys(q.conversation for q in questions)
    chats = {name: Chat(root.scoped(user_id=name), name) for name in names}
    bench = Bench(chats, measure_all(chats, questions), lambda: measure_all(chats, questions))
    parts = [
        "What each idea adds to those above it. The weights are learned anew at each step, from "
        "other conversations than those asked.",
        _table(_stages(bench)),
        "What is lost when one column is left out and all other weights stay as they are.",
        _table(_without(bench)),
        "What changes with a constant (the package's value in brackets).",
        _table(_changes(bench)),
    ]
    root.close()
    text = "\n\n".join(parts)
    print(text)
    if given.page:
        write(given.page, text, "ablation")


def _stages(bench: Bench) -> Iterator[tuple[str, Figures, Figures | None]]:
    """Each idea with all before it; the last line is the package as it is."""
    kept: set[str] = set()
    before: Figures | None = None
    for name, columns, patches in STAGES:
        kept |= set(columns)
        measured = bench.measured
        if patches:
            with _changed(patches):
                measured = bench.remeasure()
        chosen = [i for i, column in enumerate(measured[0].names) if column in kept]
        start = _weights(measured)
        learned = left_out(measured, partial(fitted, start=start, columns=chosen))
        now = _figures(measured, learned)
        yield name, now, before
        before = now
    final = _figures(bench.measured, _everywhere(bench, _weights(bench.measured)))
    yield "the weights as released, fitted to all", final, before


def _without(bench: Bench) -> Iterator[tuple[str, Figures, Figures | None]]:
    start = _weights(bench.measured)
    full = _figures(bench.measured, _everywhere(bench, start))
    yield "all columns", full, None
    for place, column in enumerate(bench.measured[0].names):
        if start[place]:
            weights = start.copy()
            weights[place] = 0
            yield f"without {column}", _figures(bench.measured, _everywhere(bench, weights)), full


def _changes(bench: Bench) -> Iterator[tuple[str, Figures, Figures | None]]:
    start = _weights(bench.measured)
    full = _figures(bench.measured, _everywhere(bench, start))
    for name, patches in CHANGES:
        with _changed(patches):
            yield name, _figures(bench.remeasure(), _everywhere(bench, start)), full


@contextmanager
def _changed(patches: Sequence[Patch]) -> Iterator[None]:
    """Constants of modules changed for a while."""
    with ExitStack() as stack:
        for module, name, value in patches:
            stack.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, value)
        yield


def _weights(measured: Sequence[Measured]) -> Floats:
    return np.array([WEIGHTS.get(name, 0.0) for name in measured[0].names], np.float32)


def _everywhere(bench: Bench, weights: Floats) -> dict[str, Floats]:
    return dict.fromkeys(bench.chats, weights)


def _figures(measured: Sequence[Measured], weights: Mapping[str, Floats]) -> Figures:
    """Figures of all questions, by the weights for each conversation."""
    found: dict[str, list[float]] = {}
    for one in measured:
        kind = one.question.dataset
        budgets = BUDGETS if kind == "locomo" else ()
        for name, value in figures(one, one.columns @ weights[one.chat.name], budgets).items():
            found.setdefault(f"{kind} {name}", []).append(value)
    return found


def _table(lines: Iterator[tuple[str, Figures, Figures | None]]) -> str:
    rows, head = [], ["idea"]
    for name, now, before in lines:
        print(name, file=sys.stderr)
        head = ["idea", *now]
        cells = [f"{100 * float(np.mean(values)):.1f}" for values in now.values()]
        if before is not None:
            for place, key in enumerate(now):
                mean, low, high = paired_interval(now[key], before[key])
                cells[place] += f" ({100 * mean:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}])"
        rows.append([name, *cells])
    return table(head, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
