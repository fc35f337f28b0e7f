"""The parts of the study, in their order: each does its work, or finds it done, and gives what goes to its file."""

from __future__ import annotations

import time
from functools import partial

from .commands import Workshop, passes
from .design import ABLATIONS, NOVEL, SEEDS, SEEN, SETS, Training, core, digest
from .measure import measure_online, measure_run, scores_of
from .part import Content, Part, Trainings, moved, since
from .reason_parts import plan_reasons
from .rounding import round_numbers
from .voted_frames import score_voted_frames

TABLE_1 = ("tau_10", "average", "average_both", "tau_10_average")
"""Test-time variants that need a pass of the network of their own."""

STRIDES = (2, 5)
"""Of the ablation, besides 1 and 10."""


def plan_parts(shop: Workshop) -> list[Part]:
    """All of them, each after those that it builds on."""
    every = Trainings(shop)
    parts: list[Part] = []
    for seed in SEEDS:
        parts += [every.part(training, "core", SETS) for training in core(seed)]
        dnt = core(seed)[2]
        of_dnt = {"of": digest(every.recipes[dnt.name])}
        parts += [
            Part(f"seed{seed}_variants", "core", of_dnt, partial(_variants, shop, dnt)),
            Part(f"seed{seed}_peers", "core", of_dnt, partial(_peers, shop, dnt)),
            Part(f"seed{seed}_moves", "core", of_dnt, partial(_moves, shop, dnt)),
        ]
    of_core = {"of": digest({t.name: every.recipes[t.name] for seed in SEEDS for t in core(seed)})}
    parts.append(Part("claims", "core", of_core, partial(_claims, shop)))
    first = core(SEEDS[0])[2]
    of_first = {"of": digest(every.recipes[first.name])}
    parts.append(Part("linking", "ablations", of_first, partial(_linking, shop, first)))
    parts.append(Part("strides", "ablations", of_first, partial(_strides, shop, first)))
    for ablation in ABLATIONS:
        training = every.known[f"ablation_{ablation.name}"]
        parts.append(every.part(training, "ablations", (NOVEL,), what=ablation.what, moves=True))
    return parts + plan_reasons(shop, every)


def _variants(shop: Workshop, dnt: Training) -> Content:
    """The rows of table 1 that are tests of one D&T, on the headline set."""
    start = time.monotonic()
    own = passes(shop, dnt, (NOVEL,))[NOVEL]
    results = {"online": measure_online(own), "no_motion": measure_run(own, no_motion=True)}
    for variant in TABLE_1:
        results[variant] = measure_run(passes(shop, dnt, (NOVEL,), variant)[NOVEL])
    return {"seed": dnt.seed, "dataset": NOVEL, "results": results, "minutes": {"evaluation": since(start)}}


def _peers(shop: Workshop, dnt: Training) -> Content:
    from .peer_comparison import compare_peers

    start = time.monotonic()
    runs = passes(shop, dnt, SETS)
    found = compare_peers(chosen_on=runs[SEEN], judged_on=runs[NOVEL], workers=None)
    return {"seed": dnt.seed, "dataset": NOVEL, **found, "minutes": {"evaluation": since(start)}}


def _moves(shop: Workshop, dnt: Training) -> Content:
    start = time.monotonic()
    return {"seed": dnt.seed, **moved(shop, dnt, SETS), "minutes": {"evaluation": since(start)}}


def _claims(shop: Workshop) -> Content:
    from .claims import judge_claims

    start = time.monotonic()
    found = {}
    for dataset in SETS:
        runs = {
            model: [passes(shop, core(seed)[place], SETS)[dataset] for seed in SEEDS]
            for place, model in enumerate(("D", "D longer", "D&T"))
        }
        scores = {model: [scores_of(run, no_motion=model != "D&T") for run in of] for model, of in runs.items()}
        scores["D&T, no motion"] = [scores_of(run, no_motion=True) for run in runs["D&T"]]
        scores["D&T, voted"] = [score_voted_frames(run) for run in runs["D&T"]]
        # The least probability of chance is 1 in 2,001.
        found[dataset] = round_numbers(judge_claims(scores, runs["D"][0].read_truth()[0]), 4)
    return {"claims": found, "minutes": {"evaluation": since(start)}}


def _linking(shop: Workshop, dnt: Training) -> Content:
    from .linking_choices import compare_linkings

    start = time.monotonic()
    runs = passes(shop, dnt, SETS)
    found = {name: compare_linkings(run) for name, run in runs.items()}
    proposals = passes(shop, dnt, (NOVEL,), changes=("MODEL.TRACK_HEAD.TRACK_PROPOSALS", True))[NOVEL]
    found[NOVEL]["tracking from proposals"] = measure_run(proposals)["tube"]["AP50"]
    return {"seed": dnt.seed, "results": found, "minutes": {"evaluation": since(start)}}


def _strides(shop: Workshop, dnt: Training) -> Content:
    """Tubes of every so-many-th frame, in the frames that tau = 10 samples, and in all."""
    from .stride_choices import compare_strides

    start = time.monotonic()
    runs = {1: passes(shop, dnt, (NOVEL,))[NOVEL], 10: passes(shop, dnt, (NOVEL,), "tau_10")[NOVEL]}
    for stride in STRIDES:
        runs[stride] = passes(shop, dnt, (NOVEL,), changes=("TEST.TEMPORAL_STRIDE", stride))[NOVEL]
    found = compare_strides(dict(sorted(runs.items())))
    return {"seed": dnt.seed, "dataset": NOVEL, "results": found, "minutes": {"evaluation": since(start)}}
