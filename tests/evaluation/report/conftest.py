"""A made-up report that looks like a real one: 30 classes, seeded, so that pages and plots have something to show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dnt_d2.evaluation.report import Story
from dnt_d2.evaluation.rules import RULES, TITLES
from dnt_d2.timeline import TubeSpan
from dnt_d2.vid_classes import WORDNET_IDS

Content = dict[str, Any]
KINDS = ("frame", "tube", "tube_psi0")


def make_content(num_classes: int = 30, kinds: tuple[str, ...] = KINDS, seed: int = 0) -> Content:
    """A content dict with every block; tubes gain on frames, most in fast classes; the last class has no objects."""
    rng = np.random.default_rng(seed)
    classes = list(WORDNET_IDS)[:num_classes]
    boxes = rng.integers(200, 9000, num_classes)
    skill = rng.uniform(0.45, 0.92, num_classes)
    gain = rng.normal(0.05, 0.05, num_classes)
    boxes[-1:] = 0
    means = {"frame": skill, "tube": skill + gain, "tube_psi0": skill + 0.4 * gain}
    ap = {kind: np.where(boxes, 100 * means.get(kind, skill + 0.02).clip(0.02, 0.98), np.nan) for kind in kinds}
    counts = {"slow": 0.5, "medium": 0.3, "fast": 0.2}
    return {
        "format": "dnt_d2 evaluation report 1",
        "dataset": "minivid_val_novel",
        "frames": 12_600,
        "videos": 42,
        "boxes": int(boxes.sum()),
        "temporal_stride": 1,
        "classes": classes,
        "boxes_per_class": boxes.tolist(),
        "settings": {"TUBES.NMS_IOU": 0.4, "TUBES.TOP_K": 25, "TUBES.TOP_FRACTION": 0.5, "TUBES.ONLINE": False},
        "kinds": list(kinds),
        "titles": {kind: TITLES.get(kind, kind) for kind in kinds},
        "AP50": {kind: values(row) for kind, row in ap.items()},
        "speed": ranges(rng, ap, counts, boxes, 14.0),
        "size": ranges(rng, ap, {"small": 0.1, "medium": 0.35, "large": 0.55}, boxes, -18.0),
        "coco": {
            kind: dict(
                zip(("AP", "AP50", "AP75", "APs", "APm", "APl"), (41 + 2.1 * i + rng.normal(0, 9, 6)), strict=True)
            )
            for i, kind in enumerate(kinds)
        },
        "tracks": make_tracks(rng, classes, skill),
        "recall": {str(n): values(100 * (skill + q).clip(0, 0.99)) for n, q in ((10, -0.1), (100, 0.1), (300, 0.17))},
        "curves": {kind: [curve(value / 100) for value in row] for kind, row in list(ap.items())[:2]},
        "scores": histograms(rng),
        "per_video": [
            {"id": i, "name": f"val/novel_{i:04d}", "frames": 300, "AP50": video_ap(rng, kinds)} for i in range(42)
        ],
        "rules": dict(RULES),
        "provenance": {
            "date": "2026-11-25",
            "machine": "x86_64, 2 cores, no GPU used",
            "versions": {"torch": "2.14.1", "detectron2": "0.7.2", "numpy": "2.4.6"},
            "run": "output/minivid/runs/4f1c",
            "command": "python -m dnt_d2.evaluation --run output/minivid --output report.html",
        },
    }


def values(row: NDArray[np.float64]) -> dict[str, Any]:
    known = row[~np.isnan(row)]
    mean = float(known.mean()) if len(known) else None
    return {"mean": mean, "per_class": [None if np.isnan(value) else float(value) for value in row]}


def ranges(
    rng: np.random.Generator,
    ap: dict[str, NDArray[np.float64]],
    shares: dict[str, float],
    boxes: NDArray[np.int64],
    drop: float,
) -> dict[str, Any]:
    steps = {name: 4.0 - drop * i + rng.normal(0, 1) for i, name in enumerate(shares)}
    return {
        "boxes": {name: int(share * boxes.sum()) for name, share in shares.items()},
        "AP50": {
            kind: {
                name: values((row + step * (0.7 if kind == "tube" else 1)).clip(0, 100)) for name, step in steps.items()
            }
            for kind, row in ap.items()
        },
    }


def make_tracks(rng: np.random.Generator, classes: list[str], skill: NDArray[np.float64]) -> dict[str, Any]:
    def metrics(level: float) -> dict[str, Any]:
        ratios = {
            "HOTA": 0.62,
            "DetA": 0.58,
            "AssA": 0.7,
            "LocA": 0.83,
            "IDF1": 0.72,
            "IDP": 0.74,
            "IDR": 0.7,
            "MOTA": 0.55,
        }
        found = {name: float(np.clip(100 * share * level + rng.normal(0, 2), 0, 100)) for name, share in ratios.items()}
        return {**found, "IDSW": int(rng.integers(3, 40)), "Frag": int(rng.integers(5, 60))}

    per_class = {name: metrics(0.4 + 0.8 * level) for name, level in zip(classes, skill, strict=True)}
    return {
        "trim_score": 0.3,
        "class_averaged": metrics(1.0),
        "detection_averaged": metrics(1.05),
        "per_class": per_class,
    }


def curve(ap: float) -> dict[str, list[float]]:
    if np.isnan(ap):
        return {"recall": [], "precision": []}
    recall = np.arange(0, min(ap + 0.12, 1) + 1e-9, 0.01)
    precision = 1 - (recall / recall[-1]) ** (1 + 9 * ap) * (1 - 0.2 * ap)
    return {"recall": recall.round(2).tolist(), "precision": precision.clip(0, 1).round(4).tolist()}


def histograms(rng: np.random.Generator) -> dict[str, Any]:
    edges = np.linspace(0, 1, 41)
    right = rng.beta(3, 1.6, 40_000), rng.beta(5, 1.5, 40_000)
    wrong = rng.beta(0.35, 4, 400_000), rng.beta(0.3, 7, 400_000)
    before, after = (
        {"right": np.histogram(r, edges)[0].tolist(), "wrong": np.histogram(w, edges)[0].tolist()}
        for r, w in zip(right, wrong, strict=True)
    )
    return {"edges": edges.round(4).tolist(), "before": before, "after": after}


def video_ap(rng: np.random.Generator, kinds: tuple[str, ...]) -> dict[str, float]:
    base = rng.uniform(25, 95)
    return {
        kind: float(np.clip(base + 6 * (kind == "tube") + rng.normal(0, 6) * (i > 0), 0, 100))
        for i, kind in enumerate(kinds)
    }


def make_stories(num_frames: int = 120) -> list[Story]:
    """The best and the worst video, with drawn thumbnails."""
    rng = np.random.default_rng(3)
    stories = []
    for title, level in (("best", 0.85), ("worst", 0.45)):
        tubes, truth = [], []
        for i, label in enumerate(("red_panda", "red_panda", "motorcycle", "bird")):
            start, end = (i * 9, num_frames - i * 5) if i < 3 else (30, 70)
            frames = np.arange(start, end)
            dips = np.where(np.sin(frames / 7 + i) > 0.6, 0.45, 0.0)
            raw = (level - dips + rng.normal(0, 0.05, len(frames))).clip(0.02, 1)
            tubes.append(TubeSpan(label, i + 1, frames, (raw + level).clip(0, 2) / 2, raw))
            truth.append(TubeSpan(label, i, frames[2:]))
        thumbnails = [
            (frame, thumbnail(frame, rng)) for frame in np.linspace(0, num_frames - 1, 8).astype(int).tolist()
        ]
        text = f"single frames {100 * level - 20:.1f}, tubes {100 * level:.1f}"
        stories.append(Story(title, f"val/novel_{title}", num_frames, text, tubes, truth, thumbnails))
    return stories


def thumbnail(frame: int, rng: np.random.Generator) -> bytes:
    y, x = np.mgrid[:124, :220]
    shade = np.stack([90 + 0.5 * y, 120 + 40 * np.sin(x / 40), 110 + 0.3 * x], axis=2)
    image = (shade + rng.normal(0, 4, shade.shape)).clip(0, 255).astype(np.uint8)
    cv2.circle(image, (20 + frame * 3 // 2 % 190, 70), 26, (40, 90, 210), -1)
    return cv2.imencode(".jpg", image)[1].tobytes()


@pytest.fixture
def content() -> Content:
    """Every block, 30 classes, three kinds."""
    return make_content()


@pytest.fixture(scope="session")
def content_of() -> Callable[..., Content]:
    """:func:`make_content`, for other sizes."""
    return make_content


@pytest.fixture
def bare_content() -> Content:
    """Nothing was found, nothing measured: one class without objects, single frames only, every block missing."""
    content = make_content(1, ("frame",))
    missing = {key: {"missing": f"no {key} <here>"} for key in ("speed", "size", "coco", "tracks", "recall", "scores")}
    return {**content, **missing, "frames": 0, "videos": 0, "boxes": 0, "per_video": []}


@pytest.fixture(scope="session")
def stories() -> list[Story]:
    """The best and the worst video."""
    return make_stories()
