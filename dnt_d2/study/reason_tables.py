"""The study's tables about reasons: what the tracking loss can do for single frames, and motion or alpha for tubes."""

from __future__ import annotations

from .ablation_tables import moves_of_part, ratio_above
from .cells import MISSING, number, signed, signed_with_seeds, table, with_seeds, with_spread
from .design import FAR_PAIRS_APART, NOVEL, PULLS_AT, SEEDS, SEEN
from .findings import UNKNOWN, alpha_ranges
from .measure import SETTINGS
from .motion_worth import MOTIONS
from .results import FAR_PAIRS, MODELS, Study, Values
from .tables import SETS

_EARLY, _END = PULLS_AT
_WHEN = {_EARLY: f"after {int(_EARLY.rpartition('_')[2]) + 1} iterations", _END: "at the end"}
_PULLS = {"ratio": 2, "cosine": 2, "steady_ratio": 2, "steady_cosine": 2}
"""Columns of the table, and their decimals."""


def pulls_table(study: Study) -> str:
    """The length of the tracking loss's gradient over that of the detection losses, and their cosine."""
    rows = []
    for when, words in _WHEN.items():
        found = [study.get("pulls", "pulls", str(seed), when) or {} for seed in SEEDS]
        names = list(dict.fromkeys(name for of in found for name in of))
        for i, name in enumerate(names):
            of_seeds = {key: Values(tuple(_at(of, name, key) for of in found)) for key in _PULLS}
            cells = [with_spread(values, _PULLS[key]) for key, values in of_seeds.items()]
            rows.append([words if i == 0 else "", name, *cells])
    columns = ("length, in a batch", "cosine, in a batch", "length, of the mean", "cosine, of the means")
    return table(("D&T", "weights", *columns), rows, left=2)


def _at(found: dict[str, dict[str, float]], name: str, key: str) -> float | None:
    return found[name].get(key) if name in found else None


def motion_table(study: Study) -> str:
    """AP50 of one network's boxes, linked by ever better motion: the mean over seeds, and each."""
    rows = []
    for dataset, title in SETS.items():
        for i, tau in enumerate(study.get("motion", "motion", dataset) or {}):
            cells = [with_seeds(_motion(study, dataset, tau, name)) for name in MOTIONS]
            rows.append([title if i == 0 else "", tau, *cells])
    return table(("set", "τ", *MOTIONS.values()), rows, left=2)


def motion_sentence(study: Study) -> str:
    """How much there is to gain by motion, and how much of it D&T gains."""
    lines = []
    for dataset, title in SETS.items():
        for tau in study.get("motion", "motion", dataset) or {}:
            none, own, true = (_motion(study, dataset, tau, name) for name in ("no_motion", "own", "true_motion"))
            gain, most = own.minus(none), true.minus(none)
            lines.append(
                f"- `{title}`, τ = {tau}: motion without error would add {signed(most.mean)} points to "
                f'"no motion"; D&T\'s own adds {signed_with_seeds(gain)}.\n'
            )
    return "".join(lines) or f"- What there is to gain by motion: {UNKNOWN}.\n"


def _motion(study: Study, dataset: str, tau: str, name: str) -> Values:
    return Values(tuple(study.get("motion", "motion", dataset, tau, str(seed), name) for seed in SEEDS))


def far_pairs_table(study: Study) -> str:
    """The same of the first seed, for D&T of neighbouring training pairs and of far ones; and the moves of its head."""
    rows = []
    for tau in ("1", "10"):
        for apart in (1, FAR_PAIRS_APART):
            part = f"seed{SEEDS[0]}_moves" if apart == 1 else FAR_PAIRS
            cells = [number(_of_pairs(study, apart, tau, name)) for name in MOTIONS]
            summary = moves_of_part(study, part, tau=int(tau))
            rows.append([tau if apart == 1 else "", str(apart), *cells, *(ratio_above(summary, px) for px in (4, 12))])
    return table(
        ("τ", "training pairs apart, frames", *MOTIONS.values(), "moves above 4 px", "above 12 px"), rows, left=2
    )


def far_pairs_sentence(study: Study) -> str:
    """What far training pairs change ten frames apart."""
    shown = []
    for apart in (1, FAR_PAIRS_APART):
        own, still, alone = (_of_pairs(study, apart, "10", name) for name in ("own", "no_motion", "psi_0"))
        if own is None or still is None or alone is None:
            return f"- What far training pairs change: {UNKNOWN}.\n"
        shown.append(f'{signed(own - still)} points to "no motion" and {signed(own - alone)}')
    near, far = shown
    return (
        f"- `val_novel`, τ = 10, seed {SEEDS[0]}: D&T's own tracklets add {near} to scores alone after training on "
        f"neighbouring frames, {far} after training on frames {FAR_PAIRS_APART} apart.\n"
    )


def _of_pairs(study: Study, apart: int, tau: str, name: str) -> float | None:
    if apart == 1:
        return _motion(study, NOVEL, tau, name).seeds[0]
    return study.get(FAR_PAIRS, "motion", tau, name)


def alpha_table(study: Study) -> str:
    """How much alpha changes, beside what linking adds, on both sets and in the paper."""
    rows = [["the paper", "75.8", "+4.0", "below 0.5", "below 12.5%"]]
    for dataset, title in SETS.items():
        frames, tubes = (
            Values(tuple(study.get("alpha", "alpha", dataset, str(seed), *keys) for seed in SEEDS))
            for keys in (("single frames",), ("alpha", f"{SETTINGS.top_fraction:g}"))
        )
        adds, changes = tubes.minus(frames), alpha_ranges(study, dataset)
        pairs = zip(changes.seeds, adds.seeds, strict=True)
        share = Values(tuple(None if a is None or not b else 100 * a / b for a, b in pairs))
        shown = f"{number(share.mean)}%" if share.mean is not None else MISSING
        rows.append([title, with_spread(frames), signed_with_seeds(adds), with_seeds(changes), shown])
    columns = ("single frames", "linking adds", "best alpha less worst", "as a share")
    return table(("", *columns), rows)


def other_frames_table(study: Study) -> str:
    """What averaging and strides change in tubes on each set; on the second, single frames are better."""
    rows = []
    for name, words in _OTHER_FRAMES.items():
        novel = study.over_seeds("variants", "results", name, "tube", "AP50")
        seen = Values(tuple(study.get("other_frames", "results", str(s), name, "tube", "AP50") for s in SEEDS))
        cells = []
        for dataset, values in ((NOVEL, novel), (SEEN, seen)):
            base = study.over_seeds(MODELS["D&T"], "results", dataset, "tube", "AP50")
            cells += [with_spread(values), signed_with_seeds(values.minus(base))]
        rows.append([words, *cells])
    columns = [f"{title}{what}" for title in SETS.values() for what in ("", ": change")]
    return table(("D&T, tubes", *columns), rows)


_OTHER_FRAMES = {
    "average": "average of t and t + 1",
    "average_both": "average of t − 1, t and t + 1",
    "tau_10": "τ = 10, in the frames that it sees",
}


def pulls_sentence(study: Study) -> str:
    """What the gradients come to at the end, of all weights, in words."""
    end = [study.get("pulls", "pulls", str(seed), _END, "all") or {} for seed in SEEDS]
    ratio, cosine = (Values(tuple(of.get(key) for of in end)) for key in ("ratio", "cosine"))
    if ratio.mean is None:
        return f"- How strongly the tracking loss pulls: {UNKNOWN}.\n"
    return (
        f"- At the end of training the gradient of the tracking loss is {number(ratio.mean, 2)} times as long as that "
        f"of detection, and the cosine between them is {number(cosine.mean, 2)}: 1 would be the same way, 0 sideways, "
        f"−1 against it.\n"
    )
