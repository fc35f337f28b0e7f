"""Drawn pictures: disjoint between training and novel, always the same, with soft edges."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.minivid.drawn import DrawnSource, draw_background, draw_creature, draw_stone
from dnt_d2.vid_classes import VID_CLASSES


def test_no_classes() -> None:
    source = DrawnSource(classes=())
    assert source.cutouts("train") == {}
    assert len(source.backgrounds("train")) > 0


def test_unknown_class_is_named() -> None:
    with pytest.raises(ValueError, match="unicorn"):
        DrawnSource(classes=("bird", "unicorn"))


def test_variants_of_training_and_novel_differ() -> None:
    source = DrawnSource(classes=("zebra", "bird"))
    train, seen, novel = (source.cutouts(split) for split in ("train", "val_seen", "val_novel"))  # type: ignore[arg-type]
    assert list(train) == ["bird", "zebra"]
    assert [item.key for item in train["bird"]] == [item.key for item in seen["bird"]]
    assert not {item.key for item in train["bird"]} & {item.key for item in novel["bird"]}
    pictures = [item.image.tobytes() for items in (train["bird"], novel["bird"]) for item in items]
    assert len(set(pictures)) == len(pictures)


def test_backgrounds_are_shared_by_no_two_splits() -> None:
    source = DrawnSource(classes=("bird",))
    pictures = [image.tobytes() for split in ("train", "val_seen", "val_novel") for image in source.backgrounds(split)]  # type: ignore[arg-type]
    assert len(set(pictures)) == len(pictures)


def test_same_seed_same_pictures() -> None:
    first, again, other = (DrawnSource(seed, ("car",)).cutouts("train")["car"][0].image for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


@pytest.mark.parametrize("class_id", range(0, len(VID_CLASSES), 5))
def test_creature_is_trimmed_and_has_soft_edges(class_id: int) -> None:
    image = draw_creature(class_id, np.random.default_rng(0))
    alpha = image[..., 3]
    assert image.dtype == np.uint8
    assert min(image.shape[:2]) >= 30
    assert all(line.max() > 8 for line in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]))
    assert ((alpha > 0) & (alpha < 255)).any()
    assert (alpha == 255).mean() > 0.2


def test_classes_look_different() -> None:
    means = [draw_creature(k, np.random.default_rng(0)) for k in range(len(VID_CLASSES))]
    colours = np.array([image[image[..., 3] == 255][:, :3].mean(axis=0) for image in means])
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=2) + 1e9 * np.eye(len(colours))
    assert np.median(apart.min(axis=1)) > 10


def test_stones_and_backgrounds() -> None:
    stone = draw_stone(np.random.default_rng(0))
    assert stone.shape[2] == 4
    background = draw_background(np.random.default_rng(0), 200, 100)
    assert background.shape == (100, 200, 3)
    assert background.std() > 10
