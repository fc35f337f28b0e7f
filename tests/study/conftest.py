"""A toy data set whose videos can stand any number of times, with detections; and the files of a made-up study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.run_scoring import score_detections
from dnt_d2.evaluation.saved_run import RunFacts, SavedRun
from dnt_d2.evaluation.scoring import VideoScore
from dnt_d2.evaluation.tables import write_json
from dnt_d2.evaluation.video_record import VideoRecorder
from dnt_d2.formats.results import Detections, FrameList
from dnt_d2.study import part, parts, reason_parts
from dnt_d2.study.claims import CLAIMS
from dnt_d2.study.commands import Workshop
from dnt_d2.study.design import ABLATIONS, CONFIGS, PULLS_AT, Training
from dnt_d2.study.ledger import Ledger
from dnt_d2.study.motion_worth import MOTIONS
from dnt_d2.study.move_summary import summarise_moves
from dnt_d2.study.moves import Moves
from dnt_d2.study.part import Part
from dnt_d2.study.parts import plan_parts
from dnt_d2.study.reason_parts import OTHER_FRAMES
from dnt_d2.study.results import FAR_PAIRS, REASON_TRAININGS

CLASSES = ["everywhere", "in the second video", "in every other video", "nowhere"]


@dataclass(frozen=True)
class Toy:
    """See the fixture ``make_toy``."""

    plan: Plan
    scores: list[VideoScore]

    @property
    def truth(self) -> VideoTruth:
        return self.plan.truth


def objects_of(video: int, index: int) -> list[tuple[int, list[int]]]:
    """Class and box of each object of a frame: one or two of class 0, and others."""
    found = [(0, [10, 10, 49, 49])] + ([(0, [60, 10, 99, 49])] if index % 2 else [])
    found += [(1, [10, 60, 49, 99])] if video == 1 else []
    return found + ([(2, [60, 60, 99, 99])] if video % 2 else [])


def detections_of(video: int, index: int, quality: float, seed: int) -> list[tuple[int, list[int], float]]:
    """Class, box, score. Scores have one digit, so that hits and misses of a video, and of several, tie."""
    rng = np.random.default_rng([seed, video, index])
    rows: list[tuple[int, list[int], float]] = []
    for class_id, box in objects_of(video, index):
        chance, score, count = rng.random(), round(rng.uniform(0.3, 1), 1), int(rng.integers(1, 3))
        if chance < quality:
            rows += [(class_id, box, score)] * count  # a second one is a miss
    for class_id in rng.integers(4, size=4).tolist():
        rows.append((class_id, [150, 10, 189, 49], round(rng.uniform(0, 0.8), 1)))
    return [rows[i] for i in rng.permutation(len(rows))]


def toy(copies: Sequence[int], quality: float = 0.6, seed: int = 0) -> Toy:
    frames, notes, found = [], [], []
    for video, count in enumerate(copies):
        for copy in range(count):
            for index in range(2 + video % 3):
                place = {"video_id": 10 * video + copy, "frame_index": index, "image_id": len(frames)}
                frames.append({**place, "file_name": f"{len(frames)}", "width": 200, "height": 110})
                notes.append(
                    [{"bbox": box, "category_id": c, "instance_id": -1} for c, box in objects_of(video, index)]
                )
                found += [(len(frames) - 1, *row) for row in detections_of(video, index, quality, seed)]
    annotated = [{**frame, "annotations": of} for frame, of in zip(frames, notes, strict=True)]
    ids = sorted({frame["video_id"] for frame in frames})
    listed = [{**frame, "video_id": ids.index(frame["video_id"])} for frame in frames]
    names = [f"clip_{video_id}" for video_id in ids]
    plan = Plan("toy", VideoTruth.of(annotated, len(CLASSES)), FrameList.of(listed, names, CLASSES))
    columns = list(zip(*found, strict=True)) or [[], [], [], []]
    return Toy(plan, score_detections(plan, Detections.of(*columns)))


@pytest.fixture(scope="session")
def make_toy() -> Callable[..., Toy]:
    """``make_toy(copies, quality=0.6, seed=0)``: a data set in which video v stands ``copies[v]`` times, one after the
    other, with detections that find an object with the probability ``quality``.

    What a copy is does not depend on the others. A higher quality finds what a lower one does, and more. Class 1 is in
    video 1 only, class 3 nowhere; video v has 2 + v % 3 frames.
    """
    return toy


NOVEL, SEEN = "minivid_val_novel", "minivid_val_seen"
_LIFT = {"frame": 0.0, "tube_psi0": 8.0, "tube": 10.0, "tube_all": -20.0}
_MODEL = {"D": 52.0, "D_longer": 53.5, "DnT": 54.0}
_VARIANT = {
    "online": -1.5,
    "no_motion": -0.5,
    "tau_10": -3.0,
    "average": 0.2,
    "average_both": 0.4,
    "tau_10_average": -6,
}


def trial_results(base: float) -> dict[str, dict[str, float]]:
    """Made-up results of a run in the form of ``measure_run``; tubes are better than single frames by fixed steps."""
    found: dict[str, dict[str, float]] = {}
    for kind, lift in _LIFT.items():
        by_class = {"bear": base + lift + 5, "car": base + lift - 5}
        found[kind] = {"AP50": base + lift, **{f"AP50-{name}": value for name, value in by_class.items()}}
        found[f"{kind}_speed"] = {"AP50-fast": base + lift - 2, "AP50-medium": base + lift + 2}
    return found | {"tracks": {"HOTA": base / 2, "IDF1": base / 3}}


def trial_moves(head: float) -> dict[str, Any]:
    """Made-up moves at two strides; the error of the head is a share of that of "no motion"."""
    displacement = np.repeat(np.geomspace(1, 100, 12), 12)
    stay = displacement / (displacement + 12)
    iou = 1 - np.stack([stay, stay * head, stay * 0.8], axis=1)
    ints = np.arange(len(displacement)) % 5
    moves = Moves(ints, ints, ints, displacement, displacement, ints > 3, iou, iou)
    return {tau: summarise_moves(moves, draws=9) for tau in ("1", "10")}


def trial_claims(shift: float) -> list[dict[str, Any]]:
    """Made-up claims in the form of ``judge_claims``: from one that holds to one whose opposite does."""

    def difference(value: float, half: float) -> dict[str, float]:
        return {"a": 60.0, "b": 60 - value, "difference": value, "low": value - half, "high": value + half, "p": 0.1}

    found = []
    for claim, value in zip(CLAIMS, np.linspace(6, -6, len(CLAIMS)) + shift, strict=True):
        seeds = [difference(value + step, 3) for step in (-1, 0, 1)]
        found.append(
            {
                **{"name": claim.name, "sentence": claim.sentence, "a": claim.a._asdict(), "b": claim.b._asdict()},
                **{"seeds": seeds, "together": difference(value, 2), "seeds_drawn": difference(value, 2.5)},
                **{"videos": 24, "resamples": 9, "seed": 0, "chance": {"seeds": [0.1] * 3, "together": 0.0321}},
                "holds": all(one["low"] > 0 for one in seeds),
            }
        )
    return found


def trial_linking(base: float) -> dict[str, Any]:
    alpha = {f"{x / 10:g}": base + 2 - 0.5 * x for x in range(1, 11)}
    return {"single frames": base - 12, "as it is": base, "psi": {"1 along tracklets": base}, "alpha": alpha}


def trial_strides() -> dict[str, Any]:
    def of(base: float, *left_out: str) -> dict[str, float]:
        found = {"frame": base, "tube_psi0": base + 8, "tube": base + 10, "tube_no_motion": base + 9}
        return {kind: value for kind, value in found.items() if kind not in left_out}

    sampled = {str(tau): of(54 - tau / 5) for tau in (1, 2, 5, 10)}
    return {
        "judged_every": 10,
        "sampled_frames": sampled,
        "all_frames": {str(tau): of(54 - 3 * tau, *(["frame"] if tau > 1 else [])) for tau in (1, 2, 5, 10)},
    }


def trial_pulls(seed: int) -> dict[str, dict[str, dict[str, float]]]:
    """Made-up gradients: that of the tracking loss is short, and goes sideways."""
    of_all = {"ratio": seed / 10, "cosine": seed / 100, "steady_ratio": 0.3, "steady_cosine": -0.02}
    return {when: {"box maps": of_all | {"ratio": 0.4}, "all": of_all} for when in PULLS_AT}


def trial_alpha(base: float) -> dict[str, dict[str, Any]]:
    """Made-up AP50 by alpha: linking adds ten points, of which alpha is worth one."""
    alpha = {f"{x / 10:g}": base + 0.1 * min(x, 15 - 2 * x) for x in range(1, 11)}
    return {str(seed): {"single frames": base - 9.5, "alpha": alpha} for seed in (1, 2, 3)}


def trial_motion(base: float) -> dict[str, dict[str, float]]:
    """Made-up AP50, a step better from motion to motion, and from seed to seed."""
    return {str(seed): {name: base + seed + 2 * i for i, name in enumerate(MOTIONS)} for seed in (1, 2, 3)}


@cache
def trial_parts() -> dict[str, dict[str, Any]]:
    """A whole study of made-up numbers; seeds are a point apart, and D&T is a bit better than D longer."""
    content: dict[str, dict[str, Any]] = {}
    for seed in (1, 2, 3):
        for name, base in _MODEL.items():
            results = {NOVEL: trial_results(base + seed), SEEN: trial_results(base + seed + 15)}
            content[f"seed{seed}_{name}"] = {"results": results, "minutes": {"training": 8.0, "evaluation": 1.5}}
        variants = {name: trial_results(_MODEL["DnT"] + seed + lift) for name, lift in _VARIANT.items()}
        content[f"seed{seed}_variants"] = {"dataset": NOVEL, "results": variants}
        content[f"seed{seed}_moves"] = {"moves": {NOVEL: trial_moves(0.5), SEEN: trial_moves(0.4)}}
        tracks = {"HOTA": 30.0 + seed, "IDF1": 40.0, "MOTA": -1.0, "IDSW": 14.0}
        rows = [
            {"method": "frame", "title": "single frames", "threshold": None, "ap50": 55.0 + seed},
            {"method": "sort", "title": "SORT", "threshold": seed / 10, "ap50": None, "class_averaged": tracks},
        ]
        content[f"seed{seed}_peers"] = {"rows": rows, "hota": {"sort": {"judged_on": {"0.1": 31.0, "0.2": 35.0}}}}
        for name in ("D", "D_longer", "DnT", "variants", "peers", "moves"):
            content[f"seed{seed}_{name}"]["seed"] = seed
    content["claims"] = {"claims": {NOVEL: trial_claims(0), SEEN: trial_claims(1)}}
    content["linking"] = {"seed": 1, "results": {NOVEL: trial_linking(64.0), SEEN: trial_linking(79.0)}}
    content["strides"] = {"seed": 1, "dataset": NOVEL, "results": trial_strides()}
    for i, ablation in enumerate(ABLATIONS):
        results, moves = {NOVEL: trial_results(52.0 - i / 2)}, {NOVEL: trial_moves(0.5 + i / 30)}
        minutes = {"training": 4.0, "evaluation": 1.0}
        content[f"ablation_{ablation.name}"] = {"seed": 1, "results": results, "moves": moves, "minutes": minutes}
    for place, name in enumerate(REASON_TRAININGS):
        results = {dataset: trial_results(54.0 + place) for dataset in (NOVEL, SEEN)}
        content[name] = {"seed": 1, "results": results, "minutes": {"training": 8.0, "evaluation": 2.0}}
    others = {name: trial_results(70.0 + i) for i, name in enumerate(OTHER_FRAMES)}
    content["other_frames"] = {"dataset": SEEN, "results": {str(seed): others for seed in (1, 2, 3)}}
    content["loss"] = {"claims": {NOVEL: trial_claims(2)[:4], SEEN: trial_claims(3)[:4]}}
    content["pulls"] = {"pulls": {str(seed): trial_pulls(seed) for seed in (1, 2, 3)}}
    motion = {NOVEL: {"1": trial_motion(60.0), "10": trial_motion(50)}, SEEN: {"1": trial_motion(75)}}
    content["motion"] = {"motion": motion}
    content["alpha"] = {"alpha": {NOVEL: trial_alpha(65), SEEN: trial_alpha(80)}}
    far = {tau: {name: 52.0 + 3 * i for i, name in enumerate(MOTIONS)} for tau in ("1", "10")}
    content[FAR_PAIRS] = {"seed": 1, "dataset": NOVEL, "motion": far, "moves": {NOVEL: trial_moves(0.6)}}
    content["ablation_base"]["reach_px"] = {"res3": 32, "res4": 64, "res5": 64}
    return content


@pytest.fixture
def trial_study(tmp_path: Path) -> Callable[..., Path]:
    """``trial_study(names=None)``: the folder of a study of made-up numbers, with all of its parts or some."""
    facts = {"command": "python tools/study_minivid.py run", "date": "2026-01-02", "machine": "x86_64, 2 cores"}

    def write(names: Sequence[str] | None = None) -> Path:
        ledger = Ledger(tmp_path / "study" / "trial")
        ledger.folder.mkdir(parents=True)
        for name, content in trial_parts().items():
            if names is None or name in names:
                ledger.write(name, {}, {**facts, **content})
        return ledger.folder

    return write


@dataclass(frozen=True)
class ShopInProcess(Workshop):
    """Runs the commands of the study's own modules in this process, and notes them."""

    commands: list[list[str]] = field(default_factory=list)

    def run(self, command: Sequence[str]) -> None:
        self.commands.append(list(command))
        assert command[0] == "-m"
        module = import_module(command[1])
        parser = getattr(module, f"{command[1].split('.')[-1].removesuffix('_pass')}_parser")
        args = parser().parse_args(command[2:])
        write_json(args.output, module.measure(args))


@pytest.fixture
def make_finished(
    small_cfg: Callable[..., Any],
    small_model: Callable[..., Any],
    tmp_path: Path,
    tiny_datasets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[ShopInProcess, Training, Any]]:
    """``make_finished(*changes, test=(), weights=("model_final",))``: a workshop, in it a finished training of a small
    D&T with these changes and files of weights, and its config. The working directory is its root."""

    def make(
        *changes: Any, test: tuple[Any, ...] = (), weights: Sequence[str] = ("model_final",)
    ) -> tuple[ShopInProcess, Training, Any]:
        monkeypatch.chdir(tmp_path)
        (tmp_path / CONFIGS).mkdir(parents=True)
        classes = ("MODEL.ROI_HEADS.NUM_CLASSES", 30)
        (tmp_path / CONFIGS / "DnT_EfficientNet_Lite0.yaml").write_text(small_cfg(*classes).dump())
        cfg = small_cfg(*classes, *changes)
        training = Training("trained", "DnT_EfficientNet_Lite0.yaml", 1, changes=changes, test=test)
        shop = ShopInProcess(tmp_path, Path("study"), tiny_datasets, cfg.MODEL.DEVICE)
        shop.place(training.name).mkdir(parents=True)
        for name in weights:
            torch.save({"model": small_model(cfg, lively=True).state_dict()}, shop.place(training.name) / f"{name}.pth")
        return shop, training, cfg

    return make


_LENGTHS = {3: 21, 6: 12}  # video id -> frames
_THINGS = ["bear", "car", "fox"]  # no fox is ever there


def _true_boxes(video: int, index: int) -> np.ndarray:
    """(2, 4): a bear and a car that go different ways."""
    return np.array([[20 + 9 * index, 10, 69 + 9 * index, 59], [210 - 7 * index, 80, 259 - 7 * index, 129 + video]])


def _said(video: int, index: int, before: int | None) -> dict[str, dict[str, Any]]:
    """What a network says of a frame: boxes near objects, and strays. It begins unsure, and some frames have few."""
    rng = np.random.default_rng([video, index])
    near = np.repeat(_true_boxes(video, index), 3, axis=0) + rng.normal(0, 9, (6, 4))
    corners = rng.uniform(0, 200, (0 if index % 5 == 4 else 5, 2))
    boxes = np.vstack([near, np.hstack([corners, corners + 45])])
    scores = rng.uniform(0, 1, (len(boxes), len(_THINGS))) ** 4
    scores[range(6), [0] * 3 + [1] * 3] = rng.uniform(0, 0.95, 6) ** (1 + index % 3) * min(1, index / 4)
    rows, classes = np.nonzero(scores > 0.2)
    steps = np.zeros((0, 8))
    if before is not None:
        steps = np.hstack([_true_boxes(video, before), _true_boxes(video, index)]) + rng.normal(0, 2, (2, 8))
    return {
        "detections": {"boxes": boxes[rows], "scores": scores[rows, classes], "classes": classes},
        "candidates": {"boxes": boxes, "scores": scores},
        "tracklets": {"boxes": steps},
    }


def drawn_run(
    folder: Path,
    stride: int = 1,
    *,
    videos: Sequence[int] = tuple(_LENGTHS),
    dataset: str = "drawn",
    candidates: bool = True,
) -> SavedRun:
    dicts = []
    for place, (video, length) in enumerate(_LENGTHS.items()):
        for index in range(length):
            notes = [
                {"bbox": box.tolist(), "category_id": c, "instance_id": c}
                for c, box in enumerate(_true_boxes(video, index))
            ]
            frame = {"video_id": video, "frame_index": index, "image_id": 100 * place + index}
            dicts.append({**frame, "file_name": f"{video}/{index}", "width": 300, "height": 150, "annotations": notes})
    names = [f"clip_{video}" for video in _LENGTHS]
    listed = [{**frame, "video_id": list(_LENGTHS).index(frame["video_id"])} for frame in dicts]
    truth, frames = VideoTruth.of(dicts, len(_THINGS)), FrameList.of(listed, names, _THINGS)
    run = SavedRun.create(folder, RunFacts(dataset, stride), truth, frames)
    for video in videos:
        recorder, before = VideoRecorder(len(_THINGS)), None
        for index in sorted({*range(0, _LENGTHS[video], stride), _LENGTHS[video] - 1}):
            said = _said(video, index, before)
            recorder.add(index, said if candidates else {"detections": said["detections"]})
            before = index
        run.write(video, recorder.record())
    return run


@pytest.fixture(scope="session")
def make_run() -> Callable[..., SavedRun]:
    """``make_run(folder, stride=1, videos=(3, 6), dataset="drawn", candidates=True)``: a saved run of D&T.

    Two videos (ids 3 and 6, of 21 and 12 frames) with a bear and a car that move, and no fox. What is said of a frame
    does not depend on the stride, but for the tracklets.
    """
    return drawn_run


@pytest.fixture
def shop_of_root(tmp_path: Path) -> Workshop:
    """A workshop of this repository, with nothing in it."""
    return Workshop(Path(__file__).resolve().parents[2], tmp_path, tmp_path)


@pytest.fixture
def study_parts(shop_of_root: Workshop) -> dict[str, Part]:
    """All parts of the study, by name."""
    return {one.name: one for one in plan_parts(shop_of_root)}


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What was trained and passed, in turn. Trainings take 1.5 minutes, and every run is the drawn one."""
    noted: list[Any] = []
    run = drawn_run(tmp_path / "run")

    def passes(shop: Workshop, training: Any, datasets: Any, *rest: Any, **more: Any) -> dict[str, SavedRun]:
        noted.append(("pass", training.name, *rest))
        return dict.fromkeys(datasets, run)

    monkeypatch.setattr(part, "train", lambda shop, training, recipe: noted.append(("train", training.name)) or 1.5)
    for module in (part, parts, reason_parts):
        monkeypatch.setattr(module, "passes", passes)
    for module in (part, parts, reason_parts):
        monkeypatch.setattr(module, "measure_run", lambda run, no_motion=False: {"tube": {"AP50": float(no_motion)}})
    monkeypatch.setattr(parts, "measure_online", lambda run: {"tube": {"AP50": 2.0}})
    return noted
