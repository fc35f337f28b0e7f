"""The parts that find out why: what the tracking loss can do for single frames, and motion or alpha for tubes."""

from __future__ import annotations

import time
from functools import partial

from ..evaluation.saved_run import SavedRun
from .claims import judge_claims
from .commands import Workshop, passes
from .design import NOVEL, SEEDS, SEEN, SETS, Training, core, digest, of_far_pairs, reason_trainings
from .linking_choices import compare_alphas
from .loss_claims import MODELS, frame_scores, loss_claims
from .measure import measure_run
from .motion_worth import compare_motions
from .part import Content, Part, Trainings, moved, since
from .rounding import round_numbers

GROUP = "reasons"
OTHER_FRAMES = ("average", "average_both", "tau_10")
"""Test-time variants that look at other frames, or at fewer: the paper finds that they change little."""


def plan_reasons(shop: Workshop, every: Trainings) -> list[Part]:
    """Those of the group, each after those that it builds on."""
    cores = [training for seed in SEEDS for training in core(seed)]
    more = reason_trainings()
    tracking, far = [core(seed)[2] for seed in SEEDS], of_far_pairs(SEEDS[0])

    def of(trainings: list[Training]) -> dict[str, str]:
        return {"of": digest({training.name: every.recipes[training.name] for training in trainings})}

    return [
        Part("pulls", GROUP, of(tracking), partial(_pulls, shop, tracking)),
        Part("motion", GROUP, of(tracking), partial(_motion, shop, tracking)),
        Part("alpha", GROUP, of(tracking), partial(_alpha, shop, tracking)),
        Part("other_frames", GROUP, of(tracking), partial(_other_frames, shop, tracking)),
        *(every.part(training, GROUP, SETS) for training in more),
        Part("loss", GROUP, of([*cores, *more]), partial(_loss, shop)),
        Part(far.name, GROUP, every.recipes[far.name], partial(_far_pairs, shop, every, far)),
    ]


def _pulls(shop: Workshop, tracking: list[Training]) -> Content:
    from .pull_pass import pulls_of

    start = time.monotonic()
    found = {str(training.seed): pulls_of(shop, training) for training in tracking}
    return {"pulls": found, "minutes": {"evaluation": since(start)}}


def _motion(shop: Workshop, tracking: list[Training]) -> Content:
    """In all frames of both sets, and in those that tau = 10 samples."""
    start = time.monotonic()
    found: dict[str, dict[str, Content]] = {}
    for training in tracking:
        for tau, runs in _both_strides(shop, training, SETS).items():
            for dataset, run in runs.items():
                found.setdefault(dataset, {}).setdefault(tau, {})[str(training.seed)] = compare_motions(run)
    return {"motion": found, "minutes": {"evaluation": since(start)}}


def _both_strides(shop: Workshop, training: Training, datasets: tuple[str, ...]) -> dict[str, dict[str, SavedRun]]:
    """The runs of each data set, by tau."""
    return {"1": passes(shop, training, datasets), "10": passes(shop, training, datasets, "tau_10")}


def _alpha(shop: Workshop, tracking: list[Training]) -> Content:
    """Alpha on both sets, of every seed: linking adds less on one than on the other."""
    start = time.monotonic()
    found: dict[str, dict[str, Content]] = {dataset: {} for dataset in SETS}
    for training in tracking:
        for dataset, run in passes(shop, training, SETS).items():
            found[dataset][str(training.seed)] = compare_alphas(run)
    return {"alpha": found, "minutes": {"evaluation": since(start)}}


def _far_pairs(shop: Workshop, every: Trainings, training: Training) -> Content:
    """What D&T that has learnt moves over several frames does one and ten frames apart."""
    minutes, start = every.train(training), time.monotonic()
    runs = _both_strides(shop, training, (NOVEL,))
    motion = {tau: compare_motions(of[NOVEL]) for tau, of in runs.items()}
    content = {"seed": training.seed, "dataset": NOVEL, "motion": motion, **moved(shop, training, (NOVEL,))}
    return content | {"minutes": {"training": minutes, "evaluation": since(start)}}


def _other_frames(shop: Workshop, tracking: list[Training]) -> Content:
    """What these variants do on the set where single frames are better; the parts of the seeds have the other."""
    start = time.monotonic()
    found = {
        str(training.seed): {name: measure_run(passes(shop, training, (SEEN,), name)[SEEN]) for name in OTHER_FRAMES}
        for training in tracking
    }
    return {"dataset": SEEN, "results": found, "minutes": {"evaluation": since(start)}}


def _loss(shop: Workshop) -> Content:
    """Whether any of the networks that were trained with a tracking loss beats its rival in single frames."""
    start = time.monotonic()
    found = {}
    for dataset in SETS:
        runs = {model: [passes(shop, of, SETS)[dataset] for of in trainings] for model, trainings in MODELS.items()}
        scores = {model: [frame_scores(run) for run in of] for model, of in runs.items()}
        truth = runs["D longer"][0].read_truth()[0]
        found[dataset] = round_numbers(judge_claims(scores, truth, claims=loss_claims()), 4)
    return {"claims": found, "minutes": {"evaluation": since(start)}}
