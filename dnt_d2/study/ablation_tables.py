"""The study's tables about what the parts of D&T are worth: trained otherwise, linked otherwise, and moves."""

from __future__ import annotations

from collections.abc import Mapping

from .cells import MISSING, change, number, table
from .design import ABLATIONS, NOVEL, SEEDS
from .move_summary import Summary
from .results import Study
from .tables import KINDS, SETS

HEADS = {
    "both": "base",
    "box maps only": "no_correlation",
    "correlation only": "no_box_maps",
}
"""The track heads that are compared, and the ablation that trained each."""


def retrained_table(study: Study) -> str:
    """AP50 of each ablation, how far it is from the first, and how well its track head regresses motion."""
    rows = []
    for ablation in ABLATIONS:
        part = f"ablation_{ablation.name}"
        cells = []
        for kind in KINDS:
            value, base = (study.get(x, "results", NOVEL, kind, "AP50") for x in (part, "ablation_base"))
            cells.append(number(value) if ablation is ABLATIONS[0] else change(value, base))
        summary = moves_of_part(study, part)
        rows.append([ablation.what, *cells, *(ratio_above(summary, px) for px in (4, 12))])
    return table(("", *KINDS.values(), "moves above 4 px", "above 12 px"), rows)


def linking_table(study: Study) -> str:
    """AP50 of tubes of one D&T, linked in other ways, and how far each is from how it is."""
    found = {dataset: study.get("linking", "results", dataset) or {} for dataset in SETS}
    rows = []
    for question, answers in _all_choices(found).items():
        for i, answer in enumerate(answers):
            cells = []
            for of in found.values():
                value = of.get(question)
                value = value.get(answer) if isinstance(value, Mapping) else value
                cells.append(change(value, of.get("as it is")))
            rows.append([question if i == 0 else "", answer, *cells])
    return table(("what", "", *SETS.values()), rows, left=2)


def _all_choices(found: Mapping[str, Summary]) -> dict[str, list[str]]:
    """The answers to each question, in the order of the files; "" where there is but one number."""
    choices: dict[str, list[str]] = {}
    for of in found.values():
        for question, value in of.items():
            answers = choices.setdefault(question, [])
            answers += [x for x in (value if isinstance(value, Mapping) else [""]) if x not in answers]
    return choices


def moves_of_part(study: Study, part: str, dataset: str = NOVEL, tau: int = 1) -> Summary | None:
    """What a part says of the moves of a data set, tau frames apart."""
    return study.get(part, "moves", dataset, str(tau))


def reach_of_part(study: Study, part: str) -> dict[str, float]:
    """How far each correlated map of a part's track head looks, px at the network's input."""
    return study.get(part, "reach_px") or {}


def group_above(summary: Summary | None, px: int) -> Summary:
    """The boxes that move more than so many pixels; nothing, where nothing is known."""
    groups = summary["above"] if summary else []
    return next((group for group in groups if group["px"] == px), {})


def ratio_above(summary: Summary | None, px: int) -> str:
    """How many times smaller than that of "no motion" the error of the head is, and its interval."""
    return shown_ratio(group_above(summary, px))


def shown_ratio(group: Summary) -> str:
    """The ratio of a group and its 95% interval."""
    ratio, ends = group.get("ratio"), group.get("ratio_95")
    if ratio is None or ends is None:
        return number(ratio, 2)
    return f"{number(ratio, 2)} ({number(ends[0], 2)} to {number(ends[1], 2)})"


def heads_table(study: Study, tau: int) -> str:
    """Mean of 1 - IoU by displacement: nobody, pixels, and three track heads, with how much better than nobody."""
    heads = {name: moves_of_part(study, f"ablation_{of}", tau=tau) for name, of in HEADS.items()}
    first = next((summary for summary in heads.values() if summary), None)
    places = [(key, i) for key in ("above", "bins") for i in range(len(first[key]) if first else 0)]
    rows = []
    for key, i in places:
        groups = [summary[key][i] if summary else {} for summary in heads.values()]
        group = first[key][i] if first else {}
        error = group.get("iou_error") or {}
        known = [number(error.get(name), 3) for name in ("no motion", "template matching")]
        rows.append([_range(group), f"{group['boxes']:,}", *known, *map(_shown_head, groups)])
    return table(("displacement, px", "boxes", "no motion", "template matching", *heads), rows)


def _range(group: Summary) -> str:
    if "px" in group:
        return f"**above {group['px']}**" if group["px"] else "**all that move**"
    return f"{group['low']:g} to {group['high']:g}" if group["high"] is not None else f"from {group['low']:g}"


def _shown_head(group: Summary) -> str:
    error = (group.get("iou_error") or {}).get("track head")
    return MISSING if error is None else f"{number(error, 3)}: {shown_ratio(group)}"


def seeds_moves_table(study: Study) -> str:
    """How much better than "no motion" the track head of each seed's D&T is, 1 and 10 frames apart."""
    rows = []
    for tau in (1, 10):
        for dataset, title in SETS.items():
            for px in (4, 12):
                cells = [ratio_above(moves_of_part(study, f"seed{s}_moves", dataset, tau), px) for s in SEEDS]
                rows.append([str(tau), title, f"above {px}", *cells])
    return table(("τ", "set", "displacement, px", *(f"seed {seed}" for seed in SEEDS)), rows, left=3)


def strides_table(study: Study) -> str:
    """AP50 at each stride, judged in the frames that the largest stride samples, and in all."""
    found = study.get("strides", "results") or {}
    titles = KINDS | {"tube_no_motion": 'tubes, "no motion"'}
    rows = []
    for frames in ("sampled_frames", "all_frames"):
        every = found.get("judged_every")
        place = "all frames" if frames == "all_frames" else f"every {every}th frame and the last"
        for i, (stride, of) in enumerate((found.get(frames) or {}).items()):
            rows.append([place if i == 0 else "", stride, *(number(of.get(kind)) for kind in titles)])
    return table(("judged in", "τ", *titles.values()), rows, left=2)
