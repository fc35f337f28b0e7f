"""Hostile input: bombs, claims, paths that lead out, code in pickles; each file in a process of its own."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence

from .hostile_attempts import MEGABYTES, SECONDS, Attack, attempt
from .hostile_binaries import archives, images, videos
from .hostile_code import code
from .hostile_names import names, numbers
from .hostile_texts import json_files, texts, xml_files
from .record import Fault, Work

_REFUSED = f"an error of ours that names the file, within {SECONDS:g} s of processor time and {MEGABYTES} MB"
_SHOWN = 20  # failures in the details

KINDS = {
    "XML: entities, DTDs, sizes": (xml_files, f"{_REFUSED}, alike by both readers"),
    "JSON: depth, size, digits, types": (json_files, f"{_REFUSED}; or a result, where a value may be so"),
    "texts: lines, zero bytes, numbers": (texts, f"{_REFUSED}; or a result, where a value may be so"),
    "names that lead out of their folder": (names, f"{_REFUSED}; no file beyond it"),
    "numbers that become sizes": (numbers, _REFUSED),
    "images: claimed sizes, bombs": (images, _REFUSED),
    "videos: claimed sizes, bombs": (videos, f"{_REFUSED}; or frames, where the claim does no harm"),
    "archives: claims, bombs, paths, links": (archives, f"{_REFUSED}; no file beyond the folder"),
    "code in checkpoints, proposals and configs": (code, f"{_REFUSED}; none of it ran"),
}


def run(work: Work) -> Iterator[Fault]:
    """Each kind in turn; all of its files at ``amount`` 1."""
    for number, (what, (attacks, expected)) in enumerate(KINDS.items()):
        chosen = attacks()
        chosen = random.Random(work.seed).sample(chosen, min(len(chosen), work.scaled(len(chosen))))
        yield _fault(what, expected, chosen, Work(work.folder / str(number), work.seed, work.amount))


def _fault(what: str, expected: str, attacks: Sequence[Attack], work: Work) -> Fault:
    start, failures, seconds, megabytes = time.perf_counter(), {}, 0.0, 0.0
    for number, attack in enumerate(attacks):
        outcome = attempt(attack, work.folder / f"{number:03d}")
        seconds, megabytes = max(seconds, outcome.seconds), max(megabytes, outcome.megabytes)
        if outcome.why:
            failures[attack.name] = outcome.why
    return Fault(
        "hostile",
        what,
        expected,
        injected=len(attacks),
        survived=len(attacks) - len(failures),
        lost=0,
        unit="inputs",
        seconds=time.perf_counter() - start,
        details={
            "most_seconds": round(seconds, 2),
            "most_megabytes": round(megabytes),
            "not_survived": dict(list(failures.items())[:_SHOWN]),
        },
    )
