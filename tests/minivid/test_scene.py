"""A scene is drawn from its generator alone, and holds what it was asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dnt_d2.minivid.drawn import DrawnSource
from dnt_d2.minivid.scene import Scene, plan_scene
from dnt_d2.minivid.settings import MiniVIDSettings

SOURCE = DrawnSource(classes=("bird", "zebra"))
ZEBRA, BIRD = SOURCE.cutouts("train")["zebra"][0], SOURCE.cutouts("train")["bird"][0]
STONE, GROUND = SOURCE.distractors("train")[0], SOURCE.backgrounds("train")[0]
SETTINGS = MiniVIDSettings()


def _scene(seed: int = 0, length: int = 20, settings: MiniVIDSettings = SETTINGS) -> Scene:
    rng = np.random.default_rng(seed)
    return plan_scene([ZEBRA, BIRD], [STONE], GROUND, (320, 240), length, settings, rng)


def test_a_scene_without_objects() -> None:
    scene = plan_scene([], [], GROUND, (320, 240), 3, SETTINGS, np.random.default_rng(0))
    assert scene.actors == ()
    assert scene.objects == 0


def test_objects_come_first() -> None:
    scene = _scene()
    assert [actor.class_name for actor in scene.actors] == ["zebra", "bird", ""]
    assert scene.objects == 2
    assert scene.actors[2].bursts == ()
    assert len(set(np.sign(scene.actors[2].track.facing))) == 1


@pytest.mark.parametrize("frame", [(320, 240), (352, 240), (640, 480), (900, 120)])
def test_the_camera_never_looks_beyond_the_background(frame: tuple[int, int]) -> None:
    for seed in range(10):
        scene = plan_scene([ZEBRA], [], GROUND, frame, 30, SETTINGS, np.random.default_rng(seed))
        size = np.array(scene.background.shape[1::-1])
        assert (scene.view >= -0.5).all()
        assert (scene.view + frame <= size + 0.5).all()


def test_sizes_scale_with_the_frame() -> None:
    sizes = [np.sqrt(np.prod(_scene(seed).actors[0].size)) for seed in range(40)]
    assert min(sizes) >= 30
    assert max(sizes) <= SETTINGS.object_size[1] + 1e-6
    large = [
        np.sqrt(
            np.prod(
                plan_scene([ZEBRA], [], GROUND, (640, 480), 2, SETTINGS, np.random.default_rng(seed)).actors[0].size
            )
        )
        for seed in range(40)
    ]
    assert np.median(large) == pytest.approx(2 * np.median(sizes), rel=0.15)


def test_same_generator_same_scene() -> None:
    a, b, c = _scene(1), _scene(1), _scene(2)
    assert np.array_equal(a.view, b.view)
    assert np.array_equal(a.actors[0].track.centre, b.actors[0].track.centre)
    assert a.actors[0].bursts == b.actors[0].bursts
    assert not np.array_equal(a.view, c.view)


def test_occlusions_have_their_occluders() -> None:
    settings = replace(SETTINGS, blur_weight=0.0, dimming_weight=0.0, pose_weight=0.0)
    actor = _scene(0, 60, settings).actors[0]
    assert actor.bursts
    assert set(actor.occluders) == {burst.start for burst in actor.bursts}


def test_stills_are_hit_now_and_then() -> None:
    hit = [bool(actor.bursts) for seed in range(100) for actor in _scene(seed, 1).actors[:2]]
    assert 0.15 < np.mean(hit) < 0.35
    calm = replace(SETTINGS, severity=0.0)
    assert not any(actor.bursts for seed in range(20) for actor in _scene(seed, 1, calm).actors)


def test_alone_in_its_video_nothing_leaves() -> None:
    settings = replace(SETTINGS, crossing_share=1.0)
    for seed in range(10):
        scene = plan_scene([ZEBRA], [], GROUND, (320, 240), 30, settings, np.random.default_rng(seed))
        assert (scene.actors[0].track.centre[:, 0] > 0).all()
        assert (scene.actors[0].track.centre[:, 0] < 320).all()
