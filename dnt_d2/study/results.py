"""What the JSON files of a study say, and what three seeds say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .design import ABLATIONS, SEEDS, core, of_far_pairs, reason_trainings
from .ledger import Ledger

MODELS = {
    title: training.name.removeprefix(f"seed{training.seed}_")
    for title, training in zip(("D", "D longer", "D&T"), core(SEEDS[0]), strict=True)
}
"""By the names for people, what follows the seed in the names of their parts."""

OF_A_SEED = (*MODELS.values(), "variants", "peers", "moves")
CORE = (*(f"seed{seed}_{name}" for seed in SEEDS for name in OF_A_SEED), "claims")
RETRAINED = tuple(f"ablation_{ablation.name}" for ablation in ABLATIONS)
REASON_TRAININGS = tuple(training.name for training in reason_trainings())
FAR_PAIRS = of_far_pairs(SEEDS[0]).name
REASONS = ("pulls", "motion", "alpha", "other_frames", *REASON_TRAININGS, "loss", FAR_PAIRS)
PARTS = (*CORE, "linking", "strides", *RETRAINED, *REASONS)
"""All that there can be, in their order."""


@dataclass(frozen=True)
class Values:
    """One number for each seed, None where it is not known.

    Attributes:
        seeds: in the order of :data:`.design.SEEDS`; or one number, of the only seed that was asked.
    """

    seeds: tuple[float | None, ...]

    @property
    def known(self) -> list[float]:
        """Those that are there."""
        return [value for value in self.seeds if value is not None]

    @property
    def mean(self) -> float | None:
        """Over the seeds that are there; None without any."""
        return sum(self.known) / len(self.known) if self.known else None

    @property
    def spread(self) -> float | None:
        """Half of the range over seeds; None below two seeds."""
        return (max(self.known) - min(self.known)) / 2 if len(self.known) > 1 else None

    def minus(self, other: Values) -> Values:
        """The difference within each seed."""
        pairs = zip(self.seeds, other.seeds, strict=True)
        return Values(tuple(None if a is None or b is None else a - b for a, b in pairs))


@dataclass(frozen=True)
class Study:
    """The parts of a study that are there, by name, as their JSON files have them."""

    parts: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> Study:
        """All files of a folder; none, if there is no such folder.

        Raises:
            ValueError: a file is not one of the study's.
        """
        ledger = Ledger(folder)
        found = ledger.all()
        for name, content in found.items():
            if not isinstance(content, Mapping) or content.get("part") != name:
                raise ValueError(
                    f"{ledger.path(name)} does not come from tools/study_minivid.py, or was renamed: remove it"
                )
        return cls(found)

    def get(self, part: str, *keys: str) -> Any:
        """What a part holds under keys, one within the other; None where there is no such thing."""
        content: Any = self.parts.get(part)
        for key in keys:
            content = content.get(key) if isinstance(content, Mapping) else None
        return content

    def over_seeds(self, name: str, *keys: str) -> Values:
        """A number of each seed, by what follows the seed in the name of its part."""
        return Values(tuple(self.get(f"seed{seed}_{name}", *keys) for seed in SEEDS))

    def of_one(self, part: str, *keys: str) -> Values:
        """A number of a part that has one seed."""
        return Values((self.get(part, *keys),))

    def class_names(self, dataset: str) -> list[str]:
        """The classes that have objects in a data set, by name."""
        kinds = [self.get(part, "results", dataset, "frame") or {} for part in parts_of_seeds(*MODELS.values())]
        return sorted({key.removeprefix("AP50-") for of in kinds for key in of if key.startswith("AP50-")})

    def present(self, names: Sequence[str]) -> list[str]:
        """Those parts among these that are there."""
        return [name for name in names if name in self.parts]


def parts_of_seeds(*names: str) -> list[str]:
    """The parts of all seeds whose names end so."""
    return [f"seed{seed}_{name}" for seed in SEEDS for name in names]
