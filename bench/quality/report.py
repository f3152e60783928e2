"""Tables from the answers, written between markers into a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.quality.prefix import share
from context_manager.evaluation.measures import auroc, paired_interval

OURS = "ContextManager"
_UNANSWERABLE = {"locomo": "category 5", "beam": "abstention"}
Rows = Sequence[dict[str, Any]]


def tables(rows: Rows) -> str:
    """The tables of the questions as Markdown.

    Args:
        rows: One dict per question, as the JSON lines hold them.
    """
    parts: list[str] = []
    for dataset in sorted({row["dataset"] for row in rows}):
        mine = [row for row in rows if row["dataset"] == dataset and row["answerable"]]
        parts += [f"### {dataset.upper()}: {len(mine)} answerable questions", _recall(mine)]
        parts += ["By category", _categories(mine)]
    parts += ["### When nothing answers", _abstention(rows), _irrelevant(rows)]
    return "\n\n".join(parts) + "\n\n"


def caching(replayed: Rows, windows: Rows) -> str:
    """The table of the prompt's beginning that stands again, and what it costs in recall."""
    budgets = sorted({row["budget"] for row in windows})
    lines = []
    for dataset in sorted({row["dataset"] for row in replayed}):
        mine = [row for row in replayed if row["dataset"] == dataset]
        asked = [
            [row for row in windows if (row["dataset"], row["budget"]) == (dataset, budget)]
            for budget in budgets
        ]
        for name, label in (("ours", "this package"), ("plain", "a window sliding by one turn")):
            reused = f"{100 * share(row[name] for row in mine):.1f} %"
            named = [_mean(row[name] for row in rows) for rows in asked]
            lines.append([dataset, label, reused, *named])
        lines.append([dataset, "difference", "", *map(_difference, asked)])
    head = ["data", "layout", "stands again"]
    head += [f"gold named near the end of a session, {budget:,} tokens" for budget in budgets]
    return "### The beginning that a prompt cache can reuse\n\n" + table(head, lines) + "\n"


def _difference(rows: Rows) -> str:
    mean, low, high = paired_interval([r["ours"] for r in rows], [r["plain"] for r in rows])
    return f"{100 * mean:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def write(path: Path, text: str, section: str = "quality") -> None:
    """Put the tables between the markers of a section of a page."""
    begin, end = f"<!-- {section}:begin -->", f"<!-- {section}:end -->"
    page = path.read_text(encoding="utf-8")
    head, rest = page.split(begin)
    tail = rest.split(end)[1]
    path.write_text(f"{head}{begin}\n\n{text}\n{end}{tail}", encoding="utf-8")


def _recall(rows: Rows) -> str:
    budgets = sorted(rows[0]["recall"][OURS], key=int)
    head = ["system", *[f"{int(b):,} tokens" for b in budgets], "corrected gold", "all evidence"]
    head += ["R@5", "R@10"]
    lines = []
    for system in rows[0]["recall"]:
        cells = [_mean(row["recall"][system][b] for row in rows) for b in budgets]
        cells.append(
            " / ".join(_mean(row["corrected"][system][b] for row in rows) for b in budgets)
        )
        cells.append(
            " / ".join(_mean(row["recall"][system][b] == 1.0 for row in rows) for b in budgets)
        )
        cells += [_mean(row[name][system] for row in rows) for name in ("r5", "r10")]
        lines.append([system, *cells])
    for system in list(rows[0]["recall"])[1:]:
        cells = []
        for b in budgets:
            ours = [row["recall"][OURS][b] for row in rows]
            mean, low, high = paired_interval(ours, [row["recall"][system][b] for row in rows])
            cells.append(f"{100 * mean:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]")
        lines.append([f"ours less {system}", *cells, "", "", "", ""])
    return table(head, lines)


def _categories(rows: Rows) -> str:
    budgets = sorted(rows[0]["recall"][OURS], key=int)
    lines = []
    for category in sorted({row["category"] for row in rows}):
        mine = [row for row in rows if row["category"] == category]
        cells = [_mean(row["recall"][OURS][b] for row in mine) for b in budgets]
        lines.append([category, str(len(mine)), *cells, _mean(row["r10"][OURS] for row in mine)])
    return table(["category", "questions", *[f"{int(b):,}" for b in budgets], "R@10"], lines)


def _abstention(rows: Rows) -> str:
    lines = []
    for dataset in sorted({row["dataset"] for row in rows}):
        of = [row for row in rows if row["dataset"] == dataset]
        own = [row["own"] for row in of if row["answerable"]]
        kinds = {
            "asked of other conversations": [wrong for row in of for wrong in row["wrong"]],
            _UNANSWERABLE[dataset]: [row["own"] for row in of if not row["answerable"]],
        }
        lines.append([dataset, "answerable", str(len(own)), "", _mean(r["covered"] for r in own)])
        for kind, other in kinds.items():
            if other:
                area = auroc(
                    [row["answerability"] for row in own], [row["answerability"] for row in other]
                )
                covered = _mean(row["covered"] for row in other)
                lines.append([dataset, kind, str(len(other)), f"{area:.3f}", covered])
    head = ["data", "questions", "number", "AUROC of `Context.answerability`", "`covered`, %"]
    return table(head, lines)


def _irrelevant(rows: Rows) -> str:
    """Memories in prompts of the smallest budget that are no evidence."""
    lines = []
    for dataset in sorted({row["dataset"] for row in rows}):
        of = [row for row in rows if row["dataset"] == dataset]
        kinds = {
            "asked of its own": [row["own"] for row in of],
            "asked of other conversations": [wrong for row in of for wrong in row["wrong"]],
        }
        for kind, asked in kinds.items():
            built = [row["memories"] - row["relevant"] for row in asked]
            heeded = [n * row["covered"] for n, row in zip(built, asked, strict=True)]
            means = (f"{float(np.mean(values)):.1f}" for values in (built, heeded) if values)
            lines.append([dataset, kind, *means])
    head = ["data", "questions", "irrelevant memories per prompt", "if `covered` is heeded"]
    return table(head, lines)


def _mean(values: Iterable[float]) -> str:
    return f"{100 * float(np.mean(list(values))):.1f}"


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)
