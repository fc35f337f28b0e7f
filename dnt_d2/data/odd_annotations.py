"""XML that the table can't hold: read one by one, to say what is wrong with each, or to count it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .annotations import Repairs, read_annotation

Failed = Callable[[int, Exception], None]


def read_odd(
    numbers: Iterable[int],
    path: Callable[[int], str],
    classes: Mapping[str, int],
    repairs: Repairs,
    *,
    still: bool = False,
    failed: Failed | None = None,
) -> dict[int, tuple[int, int, list[dict[str, Any]]]]:
    """What :func:`.annotations.read_annotation` gives for some files.

    Args:
        numbers: of the files.
        path: of each.
        classes, repairs, still: as there. The repairs of a file that fails are not counted.
        failed: is told the number of a file that is wrong, and the error; None raises it.

    Returns:
        width, height and annotations by number, without those that failed.

    Raises:
        FileNotFoundError, ValueError: as there, for the first file that is wrong.
    """
    found = {}
    for n in numbers:
        own = Repairs()
        try:
            found[n] = read_annotation(path(n), classes, own, still=still)
        except (FileNotFoundError, ValueError) as error:
            if failed is None:
                raise
            failed(n, error)
        else:
            repairs.join(own)
    return found
