"""What is finished: one JSON file for each part of the study, with the recipe that it was made by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..evaluation.tables import write_json
from ..whole_file import remove_leftovers


@dataclass(frozen=True)
class Ledger:
    """A folder of results.

    Attributes:
        folder: of the JSON files, one for each part, named after it.
    """

    folder: Path

    def path(self, part: str) -> Path:
        """Where the results of a part are, or will be."""
        return self.folder / f"{part}.json"

    def finished(self, part: str, recipe: Mapping[str, Any]) -> bool:
        """Whether a part is there, made by this recipe; one made by another is to be made anew."""
        found = self.read(part)
        return found is not None and found.get("recipe") == _plain(recipe)

    def read(self, part: str) -> dict[str, Any] | None:
        """The results of a part; None where there are none.

        Raises:
            ValueError: the file is no JSON; it is written whole, so somebody has edited it.
        """
        path = self.path(part)
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ValueError(f"{path} is no JSON ({error}): remove it, and the part is made anew") from error

    def write(self, part: str, recipe: Mapping[str, Any], content: Mapping[str, Any]) -> None:
        """Write the results of a part, all or nothing."""
        remove_leftovers(self.folder)
        write_json(self.path(part), {"part": part, **content, "recipe": _plain(recipe)})

    def all(self) -> dict[str, dict[str, Any]]:
        """Every part that is there, by name."""
        names = sorted(path.stem for path in self.folder.glob("*.json"))
        return {name: content for name in names if (content := self.read(name)) is not None}


def _plain(recipe: Mapping[str, Any]) -> Any:
    """As it comes back from JSON: lists for tuples, text for keys."""
    return json.loads(json.dumps(recipe))
