"""The parts that find out why: what the tracking loss can do for single frames, and what motion can do for tubes."""

from __future__ import annotations

import time
from functools import partial

from .claims import judge_claims
from .commands import Workshop, passes
from .design import NOVEL, SEEDS, SEEN, SETS, Training, core, digest, reason_trainings
from .loss_claims import MODELS, frame_scores, loss_claims
from .measure import measure_run
from .motion_worth import compare_motions
from .part import Content, Part, Trainings, since
from .rounding import round_numbers

GROUP = "reasons"
OTHER_FRAMES = ("average", "average_both", "tau_10")
"""Test-time variants that look at other frames, or at fewer: the paper finds that they change little."""


def plan_reasons(shop: Workshop, every: Trainings) -> list[Part]:
    """Those of the group, each after those that it builds on."""
    cores = [training for seed in SEEDS for training in core(seed)]
    more = reason_trainings()
    tracking = [core(seed)[2] for seed in SEEDS]

    def of(trainings: list[Training]) -> dict[str, str]:
        return {"of": digest({training.name: every.recipes[training.name] for training in trainings})}

    return [
        Part("pulls", GROUP, of(tracking), partial(_pulls, shop, tracking)),
        Part("motion", GROUP, of(tracking), partial(_motion, shop, tracking)),
        Part("other_frames", GROUP, of(tracking), partial(_other_frames, shop, tracking)),
        *(every.part(training, GROUP, SETS) for training in more),
        Part("loss", GROUP, of([*cores, *more]), partial(_loss, shop)),
    ]


def _pulls(shop: Workshop, tracking: list[Training]) -> Content:
    from .pull_pass import pulls_of

    start = time.monotonic()
    found = {str(training.seed): pulls_of(shop, training) for training in tracking}
    return {"pulls": found, "minutes": {"evaluation": since(start)}}


def _motion(shop: Workshop, tracking: list[Training]) -> Content:
    """In all frames of both sets; and in the frames that tau = 10 samples of the headline set."""
    start = time.monotonic()
    found: dict[str, dict[str, Content]] = {}
    for training in tracking:
        runs = {(name, "1"): run for name, run in passes(shop, training, SETS).items()}
        runs[NOVEL, "10"] = passes(shop, training, (NOVEL,), "tau_10")[NOVEL]
        for (dataset, tau), run in runs.items():
            found.setdefault(dataset, {}).setdefault(tau, {})[str(training.seed)] = compare_motions(run)
    return {"motion": found, "minutes": {"evaluation": since(start)}}


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
