"""The study's tables about its three models: the headline, the claims, table 1 of the paper, classes, peers, time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .cells import MISSING, interval, number, signed, table, with_seeds, with_spread
from .design import NOVEL, SEEDS, SEEN
from .results import CORE, MODELS, PARTS, RETRAINED, Study, Values

SETS = {NOVEL: "val_novel", SEEN: "val_seen"}
KINDS = {"frame": "single frames", "tube_psi0": "tubes, psi = 0", "tube": "tubes, psi = 1"}
CORE_MINUTES, RETRAINED_MINUTES = 100, 80
"""What the study may take on two cores."""


@dataclass(frozen=True)
class Row:
    """A row of table 1, on the headline set.

    Attributes:
        title: for people.
        paper: the paper's mAP, in words.
        part: what follows the seed in the name of the part.
        keys: of its results.
        kind: of results.
    """

    title: str
    paper: str
    part: str
    keys: tuple[str, ...]
    kind: str

    def values(self, study: Study, key: str = "AP50", suffix: str = "") -> Values:
        """A number of each seed."""
        return study.over_seeds(self.part, *self.keys, f"{self.kind}{suffix}", key)

    def tracks(self, study: Study, key: str) -> Values:
        """A metric of the tracks, of rows of tubes along tracklets; others have none."""
        known = self.kind == "tube"
        return study.over_seeds(self.part, *self.keys, "tracks", key) if known else Values((None,) * len(SEEDS))


def _of(model: str, title: str, paper: str, kind: str) -> Row:
    return Row(title, paper, MODELS[model], ("results", NOVEL), kind)


def _variant(name: str, title: str, paper: str, kind: str = "tube") -> Row:
    return Row(title, paper, "variants", ("results", name), kind)


ROWS = (
    _of("D", "D (R-FCN)", "74.2", "frame"),
    _of("D longer", "D longer", MISSING, "frame"),
    _of("D&T", "D (& T loss)", "75.8", "frame"),
    _of("D", 'D, "no motion"', MISSING, "tube"),
    _of("D longer", 'D longer, "no motion"', MISSING, "tube"),
    _variant("no_motion", 'D&T, "no motion"', MISSING),
    _of("D&T", "D&T, psi = 0", MISSING, "tube_psi0"),
    _variant("tau_10", "D&T (τ = 10), psi = 0", MISSING, "tube_psi0"),
    _variant("tau_10", "D&T (τ = 10)", "78.6"),
    _variant("tau_10", "the same in all frames", MISSING, "tube_all"),
    _of("D&T", "D&T (τ = 1)", "79.8", "tube"),
    _variant("online", "D&T online", "78.7"),
    _variant("average", "D&T, average of t and t + 1", "80.0"),
    _variant("average_both", "D&T, average of t − 1, t and t + 1", "no gain"),
    _variant("tau_10_average", "D&T (τ = 10), average, psi = 0", MISSING, "tube_psi0"),
    _variant("tau_10_average", "D&T (τ = 10), average", "79.2"),
)
"""Single frames, tubes without predicted motion, and D&T in all its ways."""


def headline_table(study: Study, *, seeds: bool = True) -> str:
    """AP50 of the three models, on both sets: the mean over seeds, half of their range, and each seed."""
    show = with_seeds if seeds else with_spread
    rows = [
        [title if i == 0 else "", model]
        + [show(study.over_seeds(part, "results", dataset, kind, "AP50")) for kind in KINDS]
        for dataset, title in SETS.items()
        for i, (model, part) in enumerate(MODELS.items())
    ]
    return table(("set", "model", *KINDS.values()), rows, left=2)


def claims_table(study: Study, dataset: str, part: str = "claims") -> str:
    """The difference of each claim with its interval, for each seed and together; the chance; whether it holds."""
    rows = []
    for claim in study.get(part, "claims", dataset) or []:
        chance = claim["chance"]["together"]
        rows.append(
            [
                claim["name"],
                *(shown_difference(one) for one in _filled(claim["seeds"])),
                shown_difference(claim["together"]),
                shown_difference(claim["seeds_drawn"]),
                number(chance, 4),
                "yes" if claim["holds"] else "no",
            ]
        )
    columns = ("together", "seeds drawn, too", "by chance", "holds")
    return table(("claim", *(f"seed {seed}" for seed in SEEDS), *columns), rows)


def shown_difference(of: dict[str, float | None]) -> str:
    """A difference in points and its 95% interval."""
    if of["difference"] is None:
        return MISSING
    return f"{signed(of['difference'])} ({interval(of['low'], of['high'])})"


def _filled(seeds: Sequence[dict[str, float | None]]) -> list[dict[str, float | None]]:
    nothing: dict[str, float | None] = {"difference": None, "low": None, "high": None}
    return [*seeds, *[nothing] * (len(SEEDS) - len(seeds))][: len(SEEDS)]


def paper_table(study: Study) -> str:
    """The rows of table 1 of the paper and of its section 5.3, with metrics of tracks."""
    rows = [
        [row.title, row.paper, with_seeds(row.values(study)), *(with_spread(row.tracks(study, x)) for x in _TRACKS)]
        for row in ROWS
    ]
    return table(("", "the paper's mAP", "AP50", *_TRACKS), rows)


_TRACKS = ("HOTA", "IDF1")


def class_table(study: Study) -> str:
    """AP50 of each class of the headline set, the mean over seeds and half of their range."""
    names = study.class_names(NOVEL)
    rows = [[row.title, *(with_spread(row.values(study, f"AP50-{name}")) for name in names)] for row in ROWS]
    return table(("", *names), rows)


def speed_table(study: Study) -> str:
    """AP50 of slow, medium and fast objects."""
    speeds = ("slow", "medium", "fast")
    rows = [[row.title, *(with_spread(row.values(study, f"AP50-{x}", "_speed")) for x in speeds)] for row in ROWS]
    return table(("", *speeds), rows)


def peers_table(study: Study) -> str:
    """Other ways to link the same detections: AP50, and metrics of tracks at thresholds chosen on the other set."""
    parts = [f"seed{seed}_peers" for seed in SEEDS]
    by_seed = [{row["method"]: row for row in study.get(part, "rows") or []} for part in parts]
    titles = {method: row["title"] for rows in by_seed for method, row in rows.items()}
    shown = ("HOTA", "IDF1", "MOTA", "IDSW")
    rows = []
    for method, title in titles.items():
        found = [of.get(method) or {} for of in by_seed]
        chosen = [of.get("threshold") for of in found]
        thresholds = ", ".join(map(number, chosen)) if any(x is not None for x in chosen) else MISSING
        tracks = [of.get("class_averaged") or {} for of in found]
        columns = [Values(tuple(of.get(name) for of in tracks)) for name in shown]
        ap50 = Values(tuple(of.get("ap50") for of in found))
        best = Values(tuple(_best(study.get(part, "hota", method, "judged_on")) for part in parts))
        rows.append([title, *map(with_spread, (ap50, *columns)), thresholds, with_spread(best)])
    return table(("", "AP50", *shown, "threshold, by seed", "HOTA at the best threshold"), rows)


def _best(curve: dict[str, float | None] | None) -> float | None:
    return max((value for value in (curve or {}).values() if value is not None), default=None)


def minutes_table(study: Study) -> str:
    """What the parts took, and the limits."""
    there = study.present(PARTS)
    sums = [
        _minutes(study, "**core**", CORE, CORE_MINUTES),
        _minutes(study, "**retrained ablations**", RETRAINED, RETRAINED_MINUTES),
        _minutes(study, "**all**", there),
    ]
    rows = [*sums, *(_minutes(study, part, [part]) for part in there)]
    return table(("part", "training", "evaluation", "together", "at most", "met"), rows)


def _minutes(study: Study, title: str, parts: Sequence[str], limit: int | None = None) -> list[str]:
    found = [study.get(part, "minutes") or {} for part in parts]
    columns = [[of[what] for of in found if of.get(what) is not None] for what in ("training", "evaluation")]
    together = sum(map(sum, columns))
    cells = [number(sum(column) if column else None) for column in columns]
    whole = all(part in study.parts for part in parts)
    met = "" if limit is None else "NO" if together > limit else "yes" if whole else "so far"
    return [title, *cells, number(together), "" if limit is None else str(limit), met]
