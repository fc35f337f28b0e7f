"""Frames as they are painted: boxes fit what changed in the image, bursts show, nothing depends on order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dnt_d2.minivid.difficulty import Kind
from dnt_d2.minivid.drawn import DrawnSource
from dnt_d2.minivid.rendering import render_frame
from dnt_d2.minivid.scene import Scene, plan_scene
from dnt_d2.minivid.settings import MiniVIDSettings

SOURCE = DrawnSource(classes=("bird", "zebra"))
ZEBRA, BIRD = SOURCE.cutouts("train")["zebra"][0], SOURCE.cutouts("train")["bird"][0]
GROUND = SOURCE.backgrounds("train")[0]
CALM = MiniVIDSettings(severity=0.0, noise=0.0, shadow=0.0, exposure=0.0)


def _scene(settings: MiniVIDSettings, seed: int = 0, length: int = 20, objects: int = 1) -> Scene:
    rng = np.random.default_rng(seed)
    return plan_scene([ZEBRA, BIRD][:objects], [], GROUND, (320, 240), length, settings, rng)


def test_no_objects_no_boxes() -> None:
    image, boxes = render_frame(_scene(CALM, objects=0), 0)
    assert boxes == []
    assert image.shape == (240, 320, 3)
    assert image.dtype == np.uint8


def test_box_is_tight() -> None:
    for seed in range(8):
        scene = _scene(CALM, seed)
        empty = replace(scene, actors=(), objects=0)
        for index in (0, 7, 19):
            image, boxes = render_frame(scene, index)
            changed = np.abs(image.astype(int) - render_frame(empty, index)[0]).max(axis=2) > 24
            rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
            assert len(boxes) == 1
            assert np.allclose(boxes[0].box, (columns[0], rows[0], columns[-1], rows[-1]), atol=2)
            assert boxes[0].visible == pytest.approx(1, abs=0.35)


def test_frames_don_t_depend_on_the_order_of_painting() -> None:
    scene = _scene(MiniVIDSettings(), objects=2)
    forward = [render_frame(scene, index)[0] for index in range(5)]
    backward = [render_frame(scene, index)[0] for index in reversed(range(5))][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(forward, backward, strict=True))


@pytest.mark.parametrize("kind", ["blur", "occlusion", "dimming", "pose"])
def test_each_kind_of_burst_shows(kind: Kind) -> None:
    weights = {f"{name}_weight": float(name == kind) for name in ("blur", "occlusion", "dimming", "pose")}
    settings = replace(CALM, severity=1.0, shared_bursts=0.0, **weights)
    scene = _scene(settings, 3, 60)
    calm = replace(scene, actors=(replace(scene.actors[0], bursts=()),))
    burst = scene.actors[0].bursts[0]
    assert burst.kind == kind
    inside, outside = burst.start, burst.stop
    assert np.abs(render_frame(scene, inside)[0].astype(int) - render_frame(calm, inside)[0]).mean() > 0.2
    assert np.array_equal(render_frame(scene, outside)[0], render_frame(calm, outside)[0])


def test_occlusion_hides_but_keeps_the_box() -> None:
    settings = replace(CALM, severity=1.0, shared_bursts=0.0, blur_weight=0.0, dimming_weight=0.0, pose_weight=0.0)
    scene = _scene(settings, 3, 60)
    calm = replace(scene, actors=(replace(scene.actors[0], bursts=()),))
    index = scene.actors[0].bursts[0].start
    (hidden,), (free,) = render_frame(scene, index)[1], render_frame(calm, index)[1]
    assert hidden.box == free.box
    assert 0.2 <= hidden.visible <= free.visible - 0.25


def test_objects_that_can_t_be_seen_are_not_annotated() -> None:
    scene = _scene(CALM)
    away = replace(scene.actors[0].track, centre=scene.actors[0].track.centre + 1000.0)
    assert render_frame(replace(scene, actors=(replace(scene.actors[0], track=away),)), 0)[1] == []


def test_degradation_takes_contrast_from_every_frame() -> None:
    plain, bad = (render_frame(_scene(replace(CALM, degradation=d)), 4)[0].std() for d in (0.0, 1.0))
    assert bad < 0.6 * plain


def test_shared_bursts_darken_or_blur_the_whole_image() -> None:
    settings = MiniVIDSettings(shared_bursts=0.3, noise=0.0)
    scene = next(s for s in (_scene(settings, seed, 60) for seed in range(20)) if s.bursts)
    burst = scene.bursts[0]
    calm = replace(scene, bursts=())
    corner = [np.abs(render_frame(s, burst.start)[0][:40, :40].astype(float)) for s in (scene, calm)]
    assert np.abs(corner[0] - corner[1]).mean() > 0.5
