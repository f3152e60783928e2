"""Tables from the answers, written between markers into a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.quality.measures import auroc, paired_interval

OURS = "ContextManager"
Rows = Sequence[dict[str, Any]]


def tables(rows: Rows, extra: dict[str, str]) -> str:
    """All tables of a run as Markdown.

    Args:
        rows: One dict per question, as the JSON lines hold them.
        extra: Further figures, by what they say.
    """
    parts: list[str] = []
    for dataset in sorted({row["dataset"] for row in rows}):
        mine = [row for row in rows if row["dataset"] == dataset and row["answerable"]]
        parts += [f"### {dataset.upper()}: {len(mine)} answerable questions", _recall(mine)]
        parts += ["By category", _categories(mine)]
    parts += ["### Abstention", _abstention(rows)]
    parts += ["### Other figures", _table(["figure", "value"], extra.items())]
    return "\n\n".join(parts) + "\n"


def write(path: Path, text: str) -> None:
    """Put the tables between the markers of a page."""
    begin, end = "<!-- quality:begin -->", "<!-- quality:end -->"
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
    return _table(head, lines)


def _categories(rows: Rows) -> str:
    budgets = sorted(rows[0]["recall"][OURS], key=int)
    lines = []
    for category in sorted({row["category"] for row in rows}):
        mine = [row for row in rows if row["category"] == category]
        cells = [_mean(row["recall"][OURS][b] for row in mine) for b in budgets]
        lines.append([category, str(len(mine)), *cells, _mean(row["r10"][OURS] for row in mine)])
    return _table(["category", "questions", *[f"{int(b):,}" for b in budgets], "R@10"], lines)


def _abstention(rows: Rows) -> str:
    lines = []
    for dataset, category in (("locomo", "5"), ("beam", "abstention")):
        of = [row for row in rows if row["dataset"] == dataset]
        yes = [row["answerability"] for row in of if row["answerable"]]
        no = [row["answerability"] for row in of if row["category"] == category]
        if yes and no:
            lines.append([f"{dataset}, category {category}", f"{auroc(yes, no):.3f}"])
    own = [row["answerability"] for row in rows if row["answerable"]]
    wrong = [row["answerability_wrong"] for row in rows if row["answerability_wrong"] is not None]
    if wrong:
        lines.append(["asked of the wrong conversation", f"{auroc(own, wrong):.3f}"])
    return _table(["answerable against", "AUROC of `Context.answerability`"], lines)


def _mean(values: Iterable[float]) -> str:
    return f"{100 * float(np.mean(list(values))):.1f}"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)
