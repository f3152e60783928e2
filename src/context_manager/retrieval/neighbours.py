"""Decides how much of what a passage says is also said by the passages around it.

A question is often answered just after the message it resembles, and the words of a question
are rarely all in one message. Scores therefore flow to the passages said shortly before and
after in the same session: the distance is counted in passages, so that a long message between
two short ones keeps them apart. Must not know what the scores mean.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

REACH: Final = 4
"""Steps over which sums are taken."""

STRIDES: Final = (1, 2, 4)
"""Steps that, taken one after the other, reach every distance up to 7."""


FEW: Final = 64
"""Passages up to which each finds its place by itself; more are sorted with all others."""


class Surroundings:
    """The passages of a corpus in reading order, for spreading scores over them.

    Immutable; `extended` gives the next state.
    """

    __slots__ = ("_masks", "_place", "_reading", "_run", "_said")

    def __init__(self) -> None:
        none = np.zeros(0, dtype=np.int32)
        self._lay(none, none, none.astype(np.int64))

    def __len__(self) -> int:
        return len(self._reading)

    def extended(self, run: NDArray[np.int32], said: NDArray[np.int64]) -> "Surroundings":
        """Return the layout with further passage rows at the end.

        Args:
            run: int32, for each new row, a number equal within a session.
            said: int64, its place in the session; of equal ones the later row is read later.
        """
        if not len(run):
            return self
        grown = Surroundings()
        if len(run) > FEW:
            run = np.concatenate([self._run[self._place], run])
            said = np.concatenate([self._said[self._place], said])
            order = np.lexsort((said, run))
            grown._lay(order.astype(np.int32), run[order], said[order])
            return grown
        order = np.lexsort((said, run))
        run, said = run[order], said[order]
        places = [self._behind(*new) for new in zip(run, said, strict=True)]
        grown._lay(
            np.insert(self._reading, places, order + len(self)),
            np.insert(self._run, places, run),
            np.insert(self._said, places, said),
        )
        return grown

    def _behind(self, run: np.int32, said: np.int64) -> int:
        """Return the place behind all that was said before in the same session."""
        first = int(self._run.searchsorted(run))
        last = int(self._run.searchsorted(run, side="right"))
        return first + int(self._said[first:last].searchsorted(said, side="right"))

    def _lay(
        self, reading: NDArray[np.int32], run: NDArray[np.int32], said: NDArray[np.int64]
    ) -> None:
        """Take the rows in the order they are read, and the run and position of each place."""
        self._reading, self._run, self._said = reading, run, said
        self._place = np.empty(len(reading), dtype=np.int32)
        self._place[reading] = np.arange(len(reading), dtype=np.int32)
        self._masks: dict[int, NDArray[np.bool_]] = {
            step: run[step:] == run[:-step] for step in range(1, REACH + 1) if step < len(run)
        }

    def strongest(self, rows: NDArray[np.int32], values: Floats, fade: float) -> Floats:
        """Return for each place the highest value nearby, times ``fade`` per step away.

        Args:
            rows: int32, distinct passage rows.
            values: float32, their values, not negative; all others count as 0.
            fade: in (0, 1); values more than 7 steps away are not seen.

        Returns:
            float32 [p] by place in reading order; `by_row` turns it into rows.
        """
        best = np.zeros(len(self._reading), dtype=np.float32)
        best[self._place[rows]] = values
        for step in STRIDES:
            if step not in self._masks:
                break
            together = self._masks[step]
            weight = np.float32(fade**step)
            onward = weight * best[:-step] * together
            back = weight * best[step:] * together
            np.maximum(best[step:], onward, out=best[step:])
            np.maximum(best[:-step], back, out=best[:-step])
        return best

    def blurred(self, values: Floats, fade: float) -> Floats:
        """Return each passage's value plus those around it, times ``fade`` per step away.

        Args:
            values: float32 [p] by row.
            fade: in (0, 1); the sum reaches 4 steps.
        """
        said = values[self._reading]
        total = said.copy()
        for step, together in self._masks.items():
            weight = np.float32(fade**step)
            total[step:] += weight * said[:-step] * together
            total[:-step] += weight * said[step:] * together
        return self.by_row(total)

    def by_row(self, places: Floats) -> Floats:
        """Return values by passage row from values by place in reading order."""
        return places[self._place]
