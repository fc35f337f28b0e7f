"""Config keys that can be changed after the network has run, from the words of a command line."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ..tubes.collector import TubeSettings
from .linking import Linking, settings_of, standard_linkings

STRIDE, TRIM = "TEST.TEMPORAL_STRIDE", "TUBES.TRIM_SCORE"


@dataclasses.dataclass(frozen=True)
class Changeable:
    """All that evaluation from a saved run can change.

    Attributes:
        tubes: how videos are linked.
        trim_score: where tubes are cut for track metrics, in [0, 1].
        stride: the temporal stride, a multiple of the saved one.
    """

    tubes: TubeSettings = dataclasses.field(default_factory=TubeSettings)
    trim_score: float = 0.3
    stride: int = 1

    @property
    def values(self) -> dict[str, Any]:
        """By config key."""
        return {**settings_of(self.tubes), TRIM: self.trim_score, STRIDE: self.stride}

    def changed(self, changes: Mapping[str, Any]) -> Changeable:
        """With other values of some keys.

        Args:
            changes: by config key, values or the words for them.

        Raises:
            ValueError: a key that can't be changed after the network has run, or a value of another type.
        """
        values = self.values
        for key, value in changes.items():
            if key not in values:
                raise ValueError(
                    f"{key} can't be changed after the network has run; these can: {', '.join(sorted(values))}"
                )
            values[key] = _of_type(key, value, type(values[key]))
        stride, trim = values.pop(STRIDE), values.pop(TRIM)
        if stride < 1 or not 0 <= trim <= 1:
            raise ValueError(f"{STRIDE} is {stride} and {TRIM} is {trim}: they must be 1 or more, and in [0, 1]")
        fields = {key.removeprefix("TUBES.").lower(): value for key, value in values.items()}
        return Changeable(TubeSettings(**fields), trim, stride)

    def widening(self, saved_stride: int) -> int:
        """How many times the stride is that of the saved run.

        Raises:
            ValueError: it is no multiple of it.
        """
        if self.stride % saved_stride:
            raise ValueError(
                f"{STRIDE} {self.stride} is no multiple of {saved_stride}, with which the run was saved: the network "
                "has not seen these frames"
            )
        return self.stride // saved_stride


def pairs(words: Sequence[str]) -> dict[str, str]:
    """KEY VALUE KEY VALUE ... as a dict.

    Raises:
        ValueError: a key without a value.
    """
    if len(words) % 2:
        raise ValueError(f"--set takes keys and values in turns, {words[-1]!r} has no value")
    return dict(zip(words[::2], words[1::2], strict=True))


def sweep_linkings(base: Changeable, sweeps: Mapping[str, Sequence[str]]) -> dict[str, Linking]:
    """The base, as "tube", and for each value of each key the same with this one change, named "KEY=VALUE".

    Strides are those that the base has, and multiples of it.

    Raises:
        ValueError: a key or a value that can't be, or one that is there twice.
    """
    linkings = {"tube": Linking(base.tubes)}
    for key, values in sweeps.items():
        for value in values:
            changed = base.changed({key: value})
            name = f"{key}={changed.values[key]}"
            if name in linkings:
                raise ValueError(f"{name} is asked for twice: give each value once")
            linkings[name] = Linking(changed.tubes, widen=changed.widening(base.stride))
    return linkings


def plain_linkings(base: Changeable) -> dict[str, Linking]:
    """What a report has without a sweep."""
    return standard_linkings(base.tubes, base.stride)


def _of_type(key: str, value: Any, kind: type) -> Any:
    parsed = value
    if isinstance(value, str):
        try:
            parsed = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            parsed = value
    if kind is float and type(parsed) is int:
        parsed = float(parsed)
    if type(parsed) is not kind:
        raise ValueError(f"{key} is {value!r}, which is no {kind.__name__}")
    return parsed
