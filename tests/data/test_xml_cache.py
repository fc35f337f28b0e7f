"""dnt_d2/data/xml_cache.py: XML are read once, and again when they change."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil
import time
from pathlib import Path

import pytest

from dnt_d2.data import xml_cache
from dnt_d2.data.imagenet_vid import load_det, load_vid
from dnt_d2.data.listing import Listing, list_files
from dnt_d2.data.xml_cache import cache_places, read_xml

DOG, CAR = "n02084071", "n02958343"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the XML that were read, as it grows; without the folders."""
    names: list[str] = []
    original = xml_cache.read_files

    def noted(paths, *arguments, **options):
        names.extend("/".join(Path(path).parts[-2:]) for path in paths)
        return original(paths, *arguments, **options)

    monkeypatch.setattr(xml_cache, "read_files", noted)
    return names


@pytest.fixture
def tree(ilsvrc_writer) -> Path:
    """Two training videos of 3 frames, listed."""
    for number, name in enumerate((DOG, CAR)):
        ilsvrc_writer.video(f"train/g/{number}", (64, 48), [[(name, 0, (t, 5, 20 + t, 30))] for t in range(3)])
    ilsvrc_writer.listing("VID", "train", ["train/g/0", "train/g/1"])
    return ilsvrc_writer.root


def corner(dicts: list[dict]) -> list[float]:
    return [d["annotations"][0]["bbox"][0] if d["annotations"] else -1 for d in dicts]


def test_nothing_listed_reads_nothing(tmp_path: Path, read: list[str]) -> None:
    assert len(read_xml(str(tmp_path), "VID", {})) == 0
    assert len(read_xml(str(tmp_path), "VID", {"train/v": Listing([], [], [])})) == 0
    assert read == []


def test_the_second_time_nothing_is_read(tree: Path, read: list[str]) -> None:
    first = load_vid(str(tree), "train")
    assert len(read) == 6
    assert load_vid(str(tree), "train") == first
    assert len(read) == 6
    assert (tree / ".dnt_d2/VID/train/g.npz").is_file()


def test_all_data_sets_share_what_was_read(tiny_ilsvrc: Path, tmp_path: Path, read: list[str]) -> None:
    root = shutil.copytree(tiny_ilsvrc, tmp_path / "tree", ignore=shutil.ignore_patterns(".dnt_d2"))
    load_det(str(root), "train")
    load_vid(str(root), "val")
    count = len(read)
    assert count == 5 + 14
    assert len(load_det(str(root), "train", ["person"])) == 2
    assert len(load_det(str(root), "train", ["dog"], keep_empty=True)) == 5
    load_vid(str(root), ["val_seen", "val_novel"])
    assert len(read) == count


def test_one_that_was_edited_is_read_again_alone(tree: Path, ilsvrc_writer, read: list[str]) -> None:
    load_vid(str(tree), "train")
    read.clear()
    ilsvrc_writer.xml("VID", "train/g/1/000001", (64, 48), [(CAR, 0, (33, 5, 40, 30))])
    assert corner(load_vid(str(tree), "train")) == [0, 1, 2, 0, 33, 2]
    assert read == ["1/000001.xml"]
    os.utime(tree / "Annotations/VID/train/g/0/000002.xml")
    load_vid(str(tree), "train")
    assert read[1:] == ["0/000002.xml"]


def test_an_edit_that_keeps_the_time_but_not_the_size(tree: Path, read: list[str]) -> None:
    load_vid(str(tree), "train")
    read.clear()
    path = tree / "Annotations/VID/train/g/0/000000.xml"
    before = path.stat()
    path.write_text(path.read_text().replace("<xmin>0<", "<xmin>11<"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert corner(load_vid(str(tree), "train"))[0] == 11
    assert read == ["0/000000.xml"]


def test_files_that_came_and_went(tree: Path, ilsvrc_writer, read: list[str]) -> None:
    load_vid(str(tree), "train")
    read.clear()
    ilsvrc_writer.image("VID", "train/g/0/000003", (64, 48), [(DOG, 0, (7, 5, 20, 30))])
    for part, extension in (("Data", "JPEG"), ("Annotations", "xml")):
        (tree / f"{part}/VID/train/g/1/000000.{extension}").unlink()
    dicts = load_vid(str(tree), "train")
    assert corner(dicts) == [0, 1, 2, 7, 1, 2]
    assert read == ["0/000003.xml"]
    assert load_vid(str(tree), "train") == dicts
    shutil.rmtree(tree / "Data/VID/train/g/1")
    shutil.rmtree(tree / "Annotations/VID/train/g/1")
    ilsvrc_writer.listing("VID", "train", ["train/g/0"])
    os.utime(tree / "Annotations/VID/train/g/0/000003.xml")
    assert corner(load_vid(str(tree), "train")) == [0, 1, 2, 7]
    shelf = xml_cache.load_shelf(tree / ".dnt_d2/VID/train/g.npz")
    assert shelf is not None
    assert list(shelf.folders) == ["train/g/0"]  # what is gone is forgotten


def test_a_broken_file_is_an_error_and_the_rest_is_kept(tree: Path, ilsvrc_writer, read: list[str]) -> None:
    path = tree / "Annotations/VID/train/g/0/000001.xml"
    path.write_text("<annotation>")
    for _ in range(2):  # also when what is kept says so
        with pytest.raises(ValueError, match=r"g/0/000001\.xml: broken XML"):
            load_vid(str(tree), "train")
    assert len(read) == 6
    ilsvrc_writer.xml("VID", "train/g/0/000001", (64, 48), [])
    assert corner(load_vid(str(tree), "train")) == [0, -1, 2, 0, 1, 2]
    assert read[6:] == ["0/000001.xml"]


def test_a_link_to_nowhere_is_a_missing_annotation(tree: Path) -> None:
    path = tree / "Annotations/VID/train/g/0/000001.xml"
    path.unlink()
    path.symlink_to(tree / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"000001\.xml: this annotation is missing"):
        load_vid(str(tree), "train")


@pytest.mark.parametrize("damage", [b"", b"garbage", b"PK\x03\x04 and then nothing"])
def test_a_damaged_memory_is_made_anew(tree: Path, read: list[str], damage: bytes) -> None:
    first = load_vid(str(tree), "train")
    file = tree / ".dnt_d2/VID/train/g.npz"
    file.write_bytes(damage)
    assert load_vid(str(tree), "train") == first
    assert len(read) == 12
    assert load_vid(str(tree), "train") == first
    assert len(read) == 12


@pytest.mark.parametrize("variable", [True, False])
def test_elsewhere_where_the_data_can_not_be_written(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[str], variable: bool
) -> None:
    (tree / ".dnt_d2").write_text("a file, so that no folder can be made")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DNT_D2_CACHE", raising=False)
    home = tmp_path / "home/.cache/dnt_d2"
    if variable:
        home = tmp_path / "elsewhere"
        monkeypatch.setenv("DNT_D2_CACHE", str(home))
    first = load_vid(str(tree), "train")
    assert load_vid(str(tree), "train") == first
    assert len(read) == 6
    assert len(list(home.glob("*/VID/train/g.npz"))) == 1
    assert cache_places(str(tree))[0].parent == home


def test_without_any_place_all_is_read_each_time(
    tree: Path, monkeypatch: pytest.MonkeyPatch, read: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    (tree / ".dnt_d2").write_text("")
    (tree / "file").write_text("")
    monkeypatch.setenv("DNT_D2_CACHE", str(tree / "file"))
    assert load_vid(str(tree), "train") == load_vid(str(tree), "train")
    assert len(read) == 12
    assert "can't be kept" in caplog.text


def test_processes_that_start_at_once(tree: Path, ilsvrc_writer) -> None:
    for number in range(2, 30):
        ilsvrc_writer.video(f"train/g/{number}", (64, 48), [[(DOG, 0, (t, 5, 20 + t, 30))] for t in range(3)])
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_read_thirty_videos, args=(tree,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert sorted(path.name for path in (tree / ".dnt_d2/VID/train").iterdir()) == ["g.lock", "g.npz"]


def _read_thirty_videos(tree: Path) -> None:
    folders = [f"train/g/{number}" for number in range(30)]
    for _ in range(5):
        listings = {folder: list_files(f"{tree}/Annotations/VID/{folder}", ".xml") for folder in folders}
        assert read_xml(str(tree), "VID", listings).boxes[:, 0].tolist() == [0, 1, 2] * 30


@pytest.mark.parametrize("corner", [12, 12.5])
def test_numbers_are_of_the_same_type_the_second_time(tree: Path, corner: float) -> None:
    path = tree / "Annotations/VID/train/g/0/000000.xml"
    path.write_text(path.read_text().replace("<xmin>0<", f"<xmin>{corner}<"))
    first, second = (list(load_vid(str(tree), "train")) for _ in range(2))
    assert second == first
    for dicts in (first, second):
        note = dicts[0]["annotations"][0]
        assert {type(value) for value in note["bbox"]} == {float}
        assert {type(note[key]) for key in ("category_id", "instance_id", "occluded", "generated")} == {int}
    assert first[0]["annotations"][0]["bbox"][0] == corner


def test_no_objects_at_all(tree: Path, ilsvrc_writer) -> None:
    for v, t in itertools.product(range(2), range(3)):
        ilsvrc_writer.xml("VID", f"train/g/{v}/{t:06d}", (64, 48), [])
    for _ in range(2):
        assert corner(load_vid(str(tree), "train")) == [-1] * 6


def test_an_image_that_went_is_missed_the_second_time(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: clock() + 3_000_000_000)  # so that folders are old enough to be known
    for _ in range(2):
        load_vid(str(tree), "train")
    (tree / "Data/VID/train/g/1/000001.JPEG").unlink()
    for _ in range(2):
        with pytest.raises(FileNotFoundError, match=r"g/1/000001\.JPEG is missing"):
            load_vid(str(tree), "train")


def test_listing_is_what_the_disk_says(tree: Path) -> None:
    listing = list_files(f"{tree}/Annotations/VID/train/g/0", ".xml")
    stats = [(tree / f"Annotations/VID/train/g/0/{t:06d}.xml").stat() for t in range(3)]
    assert listing == Listing(
        ["000000", "000001", "000002"], [s.st_mtime_ns for s in stats], [s.st_size for s in stats]
    )
