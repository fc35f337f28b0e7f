"""dnt_d2/data/remaining_frames.py: what is left of a video, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.data.layout import frame_names
from dnt_d2.data.remaining_frames import chosen_frames, remaining_frames
from dnt_d2.faults import Leniency

VIDEO = "val/v"


@pytest.fixture
def root(ilsvrc_writer) -> Path:
    ilsvrc_writer.video(VIDEO, (32, 32), [[]] * 6)
    return ilsvrc_writer.root


def image(root: Path, k: int) -> Path:
    return root / f"Data/VID/{VIDEO}/{k:06d}.JPEG"


def xml(root: Path, k: int) -> Path:
    return root / f"Annotations/VID/{VIDEO}/{k:06d}.xml"


def names(root: Path) -> list[str]:
    return sorted(path.stem for path in xml(root, 0).parent.glob("*.xml"))


@pytest.mark.parametrize("testing", [False, True])
def test_a_whole_video(root: Path, testing: bool) -> None:
    lenient = Leniency(testing)
    found = remaining_frames(str(root), VIDEO, names(root), lenient)
    assert found.names == frame_names(str(root), VIDEO)
    assert (found.places.tolist(), found.length, lenient.tally.counts) == ([0, 1, 2, 3, 4, 5], 6, {})


def test_what_is_left_to_train_on(root: Path) -> None:
    image(root, 1).unlink()
    xml(root, 3).unlink()
    image(root, 4).unlink()
    xml(root, 4).unlink()
    lenient = Leniency()
    found = remaining_frames(str(root), VIDEO, names(root), lenient)
    assert found.names == ["000000", "000002", "000005"]
    assert (found.places.tolist(), found.length) == ([0, 2, 5], 6)
    assert lenient.tally.counts == {"missing image": 1, "missing annotation": 1, "gap in frame numbers": 1}
    assert list(lenient.tally.files) == [str(image(root, 1)), str(xml(root, 3)), str(image(root, 4))]
    quiet = Leniency()
    assert remaining_frames(str(root), VIDEO, names(root), quiet, count=False).names == found.names
    assert not quiet.tally


def test_a_first_frame_without_image_still_counts_as_a_place(root: Path) -> None:
    image(root, 0).unlink()
    found = remaining_frames(str(root), VIDEO, names(root), Leniency())
    assert (found.places.tolist(), found.length) == ([1, 2, 3, 4, 5], 6)


def test_a_huge_gap_is_one_fault(root: Path) -> None:
    for path in (image(root, 5), xml(root, 5)):
        path.rename(path.with_stem("999999999"))
    lenient = Leniency()
    assert remaining_frames(str(root), VIDEO, names(root), lenient).length == 10**9
    assert lenient.tally.counts == {"gap in frame numbers": 1}


@pytest.mark.parametrize("gone", ["Data", "Annotations"])
def test_a_video_that_isnt_there(root: Path, gone: str) -> None:
    for path in (root / gone / "VID" / VIDEO).iterdir():
        path.unlink()
    (root / gone / "VID" / VIDEO).rmdir()
    lenient = Leniency()
    assert remaining_frames(str(root), VIDEO, [], lenient).names == []
    assert lenient.tally.counts == {"missing video": 1}


def test_empty_folders(root: Path) -> None:
    for k in range(6):
        image(root, k).unlink()
        xml(root, k).unlink()
    lenient = Leniency()
    assert remaining_frames(str(root), VIDEO, [], lenient).length == 0
    assert lenient.tally.counts == {"missing video": 1}
    with pytest.raises(FileNotFoundError, match="this video has no images"):
        remaining_frames(str(root), VIDEO, [], Leniency(testing=True))


def test_to_test_on_images_may_be_missing(root: Path) -> None:
    image(root, 0).unlink()
    image(root, 3).unlink()
    lenient = Leniency(testing=True)
    found = remaining_frames(str(root), VIDEO, names(root), lenient)
    assert (len(found.names), found.places.tolist(), found.length) == (6, list(range(6)), 6)
    assert not lenient.tally  # the frames count when they are shown


@pytest.mark.parametrize("with_image", [True, False])
def test_to_test_on_annotations_must_be_there(root: Path, with_image: bool) -> None:
    xml(root, 2).unlink()
    if not with_image:
        image(root, 2).unlink()
    with pytest.raises(FileNotFoundError, match=r"Annotations/VID/val/v/000002\.xml is missing"):
        remaining_frames(str(root), VIDEO, names(root), Leniency(testing=True))


def test_listed_frames(root: Path) -> None:
    there = ["000000", "000002", "000004"]
    assert chosen_frames(there, ["000004", "000000"], str(root), VIDEO, None).tolist() == [0, 2]
    image(root, 3).unlink()
    for strict in (None, Leniency(testing=True)):
        with pytest.raises(FileNotFoundError, match=r"000001\.JPEG is listed but missing"):
            chosen_frames(there, ["000001", "000002"], str(root), VIDEO, strict)
    lenient = Leniency()
    assert chosen_frames(there, ["000001", "000002", "000003"], str(root), VIDEO, lenient).tolist() == [1]
    assert lenient.tally.counts == {"missing annotation": 1, "missing image": 1}
    assert list(lenient.tally.files) == [str(xml(root, 1)), str(image(root, 3))]
