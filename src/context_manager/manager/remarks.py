"""What the doctor says of a store: one remark for each thing found. Decides its shape only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How grave a remark is."""

    NOTE = "note"
    RISK = "risk"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing found.

    Args:
        level: "note" is worth knowing, "risk" may go wrong, "fault" has.
        name: Short name of what was looked at.
        what: What was found.
        mend: The command or setting that mends it; "" where there is nothing to do.
    """

    level: Level
    name: str
    what: str
    mend: str = ""
