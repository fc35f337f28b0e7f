"""What the tracking loss does to single frames when it weighs more, or reaches deeper; and what training alone does."""

from __future__ import annotations

from ..evaluation.run_scoring import score_run
from ..evaluation.saved_run import SavedRun
from ..evaluation.scoring import VideoScore
from .claims import Claim, Side
from .design import HEAVY, SEEDS, Training, core, deeper, heavier
from .measure import plan_of

MODELS: dict[str, list[Training]] = {
    "D": [core(seed)[0] for seed in SEEDS],
    "D longer": [core(seed)[1] for seed in SEEDS],
    "D&T": [core(seed)[2] for seed in SEEDS],
    "D&T, heavier": [heavier(seed) for seed in SEEDS],
    "D longer, conv4 too": [deeper(SEEDS[0])[0]],
    "D&T, conv4 too": [deeper(SEEDS[0])[1]],
}
"""Each with its trainings, seed by seed."""


def loss_claims() -> list[Claim]:
    """Each says that single frames of a network are better than those of another."""
    return [
        _claim("training on", "Training on without a tracking loss makes D better.", "D longer", "D"),
        _claim("weight 1", "The tracking loss makes it better than that.", "D&T", "D longer"),
        _claim(f"weight {HEAVY:g}", f"So does one that weighs {HEAVY:g}.", "D&T, heavier", "D longer"),
        _claim(
            "conv4, too",
            "So does one that reaches conv4 as well, where both networks train that, too.",
            "D&T, conv4 too",
            "D longer, conv4 too",
        ),
    ]


def frame_scores(run: SavedRun, *, workers: int | None = None) -> list[VideoScore]:
    """Every video judged by its single frames alone, by so many processes; None is one per core."""
    return score_run(run, plan_of(run, {}), workers=workers)


def _claim(name: str, sentence: str, a: str, b: str) -> Claim:
    return Claim(name, sentence, Side(a, "frame"), Side(b, "frame"))
