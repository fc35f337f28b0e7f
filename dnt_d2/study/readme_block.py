"""What README.md says of the study, between its lines "study:begin" and "study:end"."""

from __future__ import annotations

from pathlib import Path

from .cells import source, table
from .claim_sentences import judgement
from .results import MODELS, Study, parts_of_seeds
from .tables import SETS, headline_table, shown_difference

NAME = "study"
"""Of the block."""

SHOWN = (
    *("tracking loss", "re-scoring", "re-scoring, same boxes", "tracking", "tracking alone"),
    "predicted motion, same boxes",
)
"""The paper's claims, and what becomes of them when all else stays the same; the page has the others."""


def make_block(folder: Path) -> str:
    """The headline, and what became of each claim, in Markdown, for a page beside the folder ``benchmarks``.

    Args:
        folder: benchmarks/study/MACHINE, with the JSON files of the parts.

    Raises:
        ValueError: a file is none of the study's.
    """
    study = Study.read(folder)
    place = "/".join(folder.parts[-3:])
    page = f"[{'/'.join((folder.parts[-3], 'README.md'))}]({folder.parts[-3]}/README.md)"
    names = [*parts_of_seeds(*MODELS.values()), "claims"]
    if not study.present(names):
        return f"Not measured yet; {page} will have it.\n"
    words = (
        "AP50 of D, of D trained for as long as D&T without the tracking loss, and of D&T: the mean over seeds ± half "
        'of their range. With psi = 1, D and D longer have "no motion" tracklets: boxes that stay where they are.'
    )
    parts = [f"{words}\n", headline_table(study, seeds=False)]
    if "claims" in study.parts:
        words = (
            "The paper's claims, and what is left of them where less differs: differences with 95% intervals over "
            "videos, all seeds together."
        )
        parts += [f"{words}\n", _claims(study)]
    return "\n".join(
        [*parts, f"{source(study, names, place).rstrip()} All tables, and what the paper found: {page}.\n"]
    )


def _claims(study: Study) -> str:
    by_set = [{claim["name"]: claim for claim in study.get("claims", "claims", dataset) or []} for dataset in SETS]
    rows = []
    for name in SHOWN:
        found = [claims.get(name) for claims in by_set]
        words = next((claim["sentence"] for claim in found if claim), name)
        rows.append([words, *(f"{shown_difference(x['together'])}, {judgement(x)}" if x else "-" for x in found)])
    return table(("claim", *SETS.values()), rows, left=len(SETS) + 1)
