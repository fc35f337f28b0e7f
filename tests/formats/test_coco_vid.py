"""dnt_d2/formats/coco_vid.py: a COCO-VID JSON read and written."""

from __future__ import annotations

import copy
import gc
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.formats import VideoSet, read_coco_vid, write_coco_vid

Make = Callable[..., VideoSet]
Content = dict[str, Any]

SMALL: Content = {
    "videos": [{"id": 7, "name": "b"}, {"id": 3, "name": "a"}, {"id": 4, "name": "without frames"}],
    "images": [
        {"id": 1, "video_id": 3, "frame_id": 1, "file_name": "a/1.jpg", "width": 20, "height": 10},
        {"id": 2, "video_id": 3, "frame_id": 0, "file_name": "a/0.jpg", "width": 20, "height": 10},
        {"id": 5, "file_name": "still.one.jpg", "width": 8, "height": 9},
        {"id": 6, "video_id": 7, "frame_id": 0, "file_name": "b/0.jpg", "width": 20, "height": 10},
    ],
    "annotations": [
        {"id": 1, "image_id": 1, "video_id": 3, "category_id": 90, "instance_id": 5, "bbox": [1, 2, 3, 4]},
        {"image_id": 2, "category_id": 2, "track_id": 6, "bbox": [1.5, 2, 3, 4], "occluded": True, "ignore": 1},
        {"id": 3, "image_id": 5, "category_id": 2, "bbox": [0, 0, 3, 4], "iscrowd": 1, "generated": 1},
    ],
    "categories": [{"id": 90, "name": "nut"}, {"id": 2, "name": "screw"}],
}


def write(path: Path, content: Content) -> Path:
    path.write_text(json.dumps(content))
    return path


def changed(keys: tuple[Any, ...], value: Any) -> Content:
    """SMALL with one value replaced (or taken out, for None)."""
    content = copy.deepcopy(SMALL)
    place: Any = content
    for key in keys[:-1]:
        place = place[key]
    if value is None:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return content


def test_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", {"images": [], "annotations": [], "categories": []})
    assert read_coco_vid(path) == VideoSet()
    write_coco_vid(VideoSet(), tmp_path / "y.json", tmp_path)
    assert read_coco_vid(tmp_path / "y.json") == VideoSet()


def test_what_relatives_of_the_format_write(tmp_path: Path) -> None:
    videos = read_coco_vid(write(tmp_path / "x.json", SMALL), "/pictures")
    # Videos in the order of the file, their frames by frame_id, then images without a video.
    assert videos.video_names == ["b", "a", "still.one"]
    assert [(f["image_id"], f["video_id"], f["frame_index"], f["video_length"]) for f in videos.frames] == [
        (6, 0, 0, 1),
        (2, 1, 0, 2),
        (1, 1, 1, 2),
        (5, 2, 0, 1),
    ]
    assert videos.frames[1]["file_name"] == "/pictures/a/0.jpg"
    assert (videos.frames[1]["width"], videos.frames[1]["height"]) == (20, 10)
    # Ids with gaps, in order: screw is 2, nut is 90.
    assert videos.class_names == ["screw", "nut"]
    notes = [f["annotations"] for f in videos.frames]
    assert notes[0] == []
    plain = {"occluded": 0, "generated": 0, "iscrowd": 0}
    assert notes[2] == [{"bbox": [1, 2, 4, 6], "category_id": 1, "instance_id": 5, **plain}]
    crowd = plain | {"occluded": 1, "iscrowd": 1}
    assert notes[1] == [{"bbox": [1.5, 2, 4.5, 6], "category_id": 0, "instance_id": 6, **crowd}]
    assert notes[3] == [
        {"bbox": [0, 0, 3, 4], "category_id": 0, "instance_id": 0} | plain | {"generated": 1, "iscrowd": 1}
    ]
    assert all(isinstance(value, float) for value in notes[2][0]["bbox"])


def test_frames_as_stills(tmp_path: Path) -> None:
    videos = read_coco_vid(write(tmp_path / "x.json", SMALL), kind="still")
    assert [f["image_id"] for f in videos.frames] == [1, 2, 5, 6]
    assert videos.video_names == ["a/1", "a/0", "still.one", "b/0"]
    assert {(f["frame_index"], f["video_length"]) for f in videos.frames} == {(0, 1)}
    assert [f["video_id"] for f in videos.frames] == [0, 1, 2, 3]
    assert videos.frames[0]["annotations"][0]["instance_id"] == 0  # by position, not 5


@pytest.mark.parametrize("kind", ["video", "still"])
def test_what_is_written_comes_back(make_videos: Make, tmp_path: Path, kind: str) -> None:
    videos = make_videos(kind)
    write_coco_vid(videos, tmp_path / "x.json", tmp_path / "source")
    back = read_coco_vid(tmp_path / "x.json", tmp_path / "source", kind)
    assert back.frames == videos.frames
    assert back.class_names == videos.class_names
    if kind == "video":
        assert back.video_names == videos.video_names


def test_the_contract(make_videos: Make, tmp_path: Path) -> None:
    """Names and numbers as other tools expect them."""
    write_coco_vid(make_videos(), tmp_path / "x.json", tmp_path / "source")
    content = json.loads((tmp_path / "x.json").read_text())
    assert content["videos"] == [{"id": 1, "name": "train/one", "length": 3}, {"id": 2, "name": "two", "length": 1}]
    expected = {"id": 13, "video_id": 1, "frame_id": 2, "file_name": "v0/2.jpg", "width": 64, "height": 48}
    assert content["images"][2] == expected
    assert content["categories"] == [{"id": 1, "name": "screw"}, {"id": 2, "name": "lock nut"}]
    first = {"id": 1, "image_id": 11, "video_id": 1, "category_id": 2, "instance_id": 4, "bbox": [0, 3, 20, 27]}
    assert content["annotations"][0] == first | {"area": 540, "occluded": 1, "generated": 0, "iscrowd": 0}
    assert [a["id"] for a in content["annotations"]] == [1, 2, 3, 4, 5]


def test_a_part_of_a_video_stays_a_part(make_videos: Make, tmp_path: Path) -> None:
    videos = make_videos()
    del videos.frames[0]
    write_coco_vid(videos, tmp_path / "x.json", tmp_path)
    assert read_coco_vid(tmp_path / "x.json", tmp_path).frames == videos.frames


def test_nothing_is_overwritten(make_videos: Make, tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", {})
    with pytest.raises(FileExistsError, match="--overwrite"):
        write_coco_vid(make_videos(), path, tmp_path)
    assert path.read_text() == "{}"
    write_coco_vid(make_videos(), path, tmp_path, overwrite=True)
    assert len(read_coco_vid(path).frames) == 4


def test_images_elsewhere_are_refused(make_videos: Make, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"v0/0\.jpg is not in the folder of images"):
        write_coco_vid(make_videos(), tmp_path / "x.json", tmp_path / "other")
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (("images",), None, "'images' is missing"),
        (("annotations",), {}, "'annotations' is no list"),
        (("categories", 0), 5, "'categories' is no list of objects"),
        (("images", 0, "id"), 2, "image 2 is there twice"),
        (("videos", 0, "id"), 3, "video 3 is there twice"),
        (("annotations", 0, "id"), 3, "annotation 3 is there twice"),
        (("categories", 0, "id"), 2, "category 2 is there twice"),
        (("categories", 0, "name"), "screw", "two categories named 'screw'"),
        (("videos", 1, "name"), None, "video 3: 'name' is missing"),
        (("images", 0, "video_id"), 9, "image 1 is of video 9, which is not in 'videos'"),
        (("images", 0, "frame_id"), 0, "image 2 of video 3: 'frame_id' 0 is also that of image 1"),
        (("images", 0, "frame_id"), None, "image 1: 'frame_id' is missing"),
        (("images", 0, "frame_id"), -1, "'frame_id' -1 is below 0"),
        (("images", 0, "width"), 0, "image 1 is 0 x 10"),
        (("images", 0, "height"), "10", "image 1: 'height' is '10', not a whole number"),
        (("images", 0, "file_name"), "", "image 1: 'file_name' is ''"),
        (("images", 0, "width"), 10**9, "image 1 is 1000000000 x 10"),
        (("images", 0, "frame_id"), 10**12, "video 3 would have 1000000000001 frames"),
        (("images", 0, "frame_id"), 10**30, "not a whole number of 64 bits"),
        (("videos", 1, "length"), 10**12, "video 3 would have 1000000000000 frames"),
        (("annotations", 0, "bbox"), [1, 2, 3, float("nan")], "'bbox' is .* of finite numbers"),
        (("annotations", 0, "bbox"), [1, 2, 3, 10**400], "'bbox' is .* of finite numbers"),
        (("annotations", 0, "image_id"), 77, "annotation 1 is of image 77"),
        (("annotations", 0, "video_id"), 7, "annotation 1 is of video 7, but its image 1 is of video 3"),
        (("annotations", 0, "category_id"), 1, "annotation 1 has category 1"),
        (("annotations", 0, "instance_id"), None, "annotation 1: 'instance_id' is missing"),
        (("annotations", 0, "instance_id"), 0.5, "annotation 1: 'instance_id' is 0.5"),
        (("annotations", 0, "bbox"), [1, 2, 3], "annotation 1: 'bbox' is"),
        (("annotations", 0, "bbox"), [1, 2, 3, "4"], "annotation 1: 'bbox' is"),
        (("annotations", 0, "occluded"), "no", "annotation 1: 'occluded' is 'no'"),
    ],
)
def test_errors_name_file_and_id(tmp_path: Path, keys: tuple[Any, ...], value: Any, message: str) -> None:
    path = write(tmp_path / "x.json", changed(keys, value))
    with pytest.raises(ValueError, match=message) as error:
        read_coco_vid(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("key", "value"), [("bbox", [1, 2, 3]), ("category_id", 9), ("image_id", 99), ("video_id", "x")]
)
def test_an_annotation_without_id_is_found_by_its_place(tmp_path: Path, key: str, value: Any) -> None:
    content = changed(("annotations", 1, key), value)
    for annotation in content["annotations"]:
        annotation.pop("id", None)
    with pytest.raises(
        ValueError, match=r"annotation \(without id\).*; it is annotation 1 of the list, counted from 0"
    ):
        read_coco_vid(write(tmp_path / "a.json", content))


def test_a_mark_of_the_byte_order_is_no_text(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", SMALL)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_coco_vid(path).frames) == 4


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\.json: there is no such"):
        read_coco_vid(tmp_path / "no.json")
    for text, message in (("{", "broken JSON"), ("[]", "is an object with")):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(ValueError, match=message):
            read_coco_vid(tmp_path / "x.json")


def test_time_grows_with_the_file_no_faster(tmp_path: Path) -> None:
    """Ten times the frames, all of one video, take about ten times as long."""

    def seconds(count: int) -> float:
        images = [
            {"id": i, "video_id": 1, "frame_id": count - 1 - i, "file_name": f"{i}.jpg", "width": 9, "height": 9}
            for i in range(count)
        ]
        notes = [{"image_id": i, "category_id": 1, "instance_id": 0, "bbox": [0, 0, 5, 5]} for i in range(count)]
        content = {"videos": [{"id": 1, "name": "v"}], "images": images, "annotations": notes}
        path = write(tmp_path / "x.json", content | {"categories": [{"id": 1, "name": "c"}]})
        gc.collect()
        gc.disable()  # it looks at all that the process holds, which is not what is measured
        try:
            start = time.process_time()
            assert len(read_coco_vid(path).frames) == count
            return time.process_time() - start
        finally:
            gc.enable()

    few = min(seconds(2000) for _ in range(3))
    assert seconds(20000) < 40 * few


@pytest.mark.parametrize("name", ["../a.jpg", "/a.jpg", "C:\\a.jpg", "\\\\server\\a.jpg", "a/../../b.jpg", "a\0b"])
def test_names_that_lead_out_of_the_folder_of_images(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "x.json", changed(("images", 0, "file_name"), name))
    with pytest.raises(
        ValueError, match=r"x\.json: image 1: 'file_name' .*; write it relative to the folder of images"
    ):
        read_coco_vid(path, tmp_path / "images")
    inside = str(tmp_path / "images" / "a.jpg")
    path = write(tmp_path / "x.json", changed(("images", 0, "file_name"), inside))
    assert inside in [frame["file_name"] for frame in read_coco_vid(path, tmp_path / "images").frames]
