"""Times of frames, made to rise."""

from __future__ import annotations

from fractions import Fraction


class RisingTimes:
    """Turns the time stamps of a file into seconds after its first frame, each later than the one before.

    Files have stamps that are missing, repeated or go back; nothing that encodes or plays takes them so. Where there
    is none, a frame comes a period after the one before; a repeated stamp, or one a little too early, is put a quarter
    of a period later, so that true times are reached again soon; where the clock was set back by more than a second
    (files pasted together), or ahead by more than an hour, the frame comes a period after the one before, and time
    goes on from there.

    Args:
        fps: frames per second, as the file says: its inverse is the period.
    """

    def __init__(self, fps: float) -> None:
        self._period = 1 / Fraction(fps).limit_denominator(100_000)
        self._start: Fraction | None = None
        self._last: Fraction | None = None

    def next(self, stamp: Fraction | None) -> Fraction:
        """The time of the next frame.

        Args:
            stamp: in seconds, by any clock; None where the frame has none.
        """
        if self._last is None:
            self._start, self._last = stamp, Fraction(0)
            return self._last
        if stamp is None:
            time = self._last + self._period
        elif self._start is None:  # the first that has one
            time = self._last + self._period
            self._start = stamp - time
        else:
            time = stamp - self._start
        if not self._last - 1 <= time <= self._last + 3600:
            self._start = (self._start or 0) + time - self._last - self._period
            time = self._last + self._period
        elif time <= self._last:
            time = self._last + self._period / 4
        self._last = time
        return time
