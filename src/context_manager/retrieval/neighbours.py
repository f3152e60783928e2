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


class Surroundings:
    """The passages of a corpus in reading order, for spreading scores over them."""

    __slots__ = ("_masks", "_place", "_reading")

    def __init__(self, reading: NDArray[np.int32], run: NDArray[np.int32]) -> None:
        """Lay out the reading order.

        Args:
            reading: int32 [p], passage rows in the order they were said, session by session.
            run: int32 [p], for each place of ``reading``, a number equal within a session.
        """
        self._reading = reading
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
