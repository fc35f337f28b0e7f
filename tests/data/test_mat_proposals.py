"""dnt_d2/data/mat_proposals.py: the authors' MATLAB files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from dnt_d2.data.mat_proposals import as_rows, convert_mat, read_mat, write_proposals
from dnt_d2.data.proposals import add_proposals

ROWS = np.array([[1.0, 1, 10, 20, 0.9], [5, 6, 7, 8, 0.8], [2, 2, 30, 40, 0.7]])
VIDEO = "Data/VID/val/ILSVRC2015_val_00000000"


def _dicts(root: str = "/data/ILSVRC2015") -> list[dict[str, Any]]:
    frames = [
        {"file_name": f"{root}/{VIDEO}/{t:06d}.JPEG", "image_id": 40 + t, "video_length": 2, "frame_index": t}
        for t in (0, 1)
    ]
    return [*frames, {"file_name": f"{root}/Data/DET/train/n02/n02_17.JPEG", "image_id": "x", "video_length": 1}]


def _save(path: Path, **variables: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, variables)
    return path


def _cell(*items: Any) -> np.ndarray:
    cell = np.empty((len(items), 1), object)
    for i, item in enumerate(items):
        cell[i, 0] = item
    return cell


def test_no_images(tmp_path: Path) -> None:
    assert convert_mat(tmp_path, []) == {"ids": [], "boxes": [], "objectness_logits": [], "bbox_mode": 0}


@pytest.mark.parametrize("prefix", ["", "val", "VID/val"])
def test_a_file_for_each_image(tmp_path: Path, prefix: str) -> None:
    """However many leading folders the tree has."""
    video = tmp_path / prefix / "ILSVRC2015_val_00000000"
    _save(video / "000000.mat", boxes=ROWS)
    _save(video / "000001.mat", aboxes=np.zeros((0, 5)))
    _save(tmp_path / "n02_17.mat", boxes=ROWS[:1].astype(np.float32))
    data = convert_mat(tmp_path, _dicts(), top_k=2)
    assert data["ids"] == [40, 41, "x"]
    assert [x.tolist() for x in data["boxes"]] == [[[0, 0, 9, 19], [4, 5, 6, 7]], [], [[0, 0, 9, 19]]]
    assert np.allclose(data["objectness_logits"][0], [0.9, 0.8])


@pytest.mark.parametrize("keys", [("boxes", "images"), ("roi", "list"), ("aboxes", "images")])
def test_one_file_for_all(tmp_path: Path, keys: tuple[str, str]) -> None:
    names = ["D:\\VID\\val\\ILSVRC2015_val_00000000\\000001.JPEG", "n02/n02_17.JPEG", "ILSVRC2015_val_00000000/000000"]
    path = _save(
        tmp_path / "a.mat",
        **{keys[0]: _cell(ROWS[:1], np.zeros((0, 0)), ROWS), keys[1]: np.array(names, dtype=object)},
    )
    data = convert_mat(path, _dicts())
    assert [len(x) for x in data["boxes"]] == [3, 1, 0]
    assert data["boxes"][1].tolist() == [[0, 0, 9, 19]]


def test_a_video_of_one_frame_is_not_confused_with_others(tmp_path: Path) -> None:
    """Its frame's name is that of every first frame; its folder says which it is."""
    names = np.array(["val/ILSVRC2015_val_00000001/000000", "val/ILSVRC2015_val_00000000/000000"], dtype=object)
    path = _save(tmp_path / "a.mat", boxes=_cell(ROWS, ROWS[:1]), images=names)
    data = convert_mat(path, [_dicts()[0] | {"video_length": 1}])
    assert [len(x) for x in data["boxes"]] == [1]


def test_what_is_written_is_what_the_loaders_read(tmp_path: Path) -> None:
    _save(tmp_path / "ILSVRC2015_val_00000000" / "000000.mat", boxes=ROWS)
    dicts = _dicts()[:1]
    write_proposals(convert_mat(tmp_path, dicts), tmp_path / "a.pkl")
    (d,) = add_proposals(dicts, tmp_path / "a.pkl", 300)
    assert d["proposal_boxes"].tolist() == (ROWS[:, :4] - 1).tolist()


def test_rows_without_scores_keep_their_order() -> None:
    rows = as_rows(ROWS[:, :4], "a.mat", 300)
    assert rows[:, 4].tolist() == [0, -1, -2]
    assert as_rows(np.zeros((0, 0)), "a.mat", 300).shape == (0, 5)


@pytest.mark.parametrize("array", [np.ones((2, 6)), np.ones(5), np.array(["a"]), np.ones((2, 2, 5))])
def test_other_matrices_are_refused(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"a\.mat: proposals are .*\(N, 5\)"):
        as_rows(array, "a.mat", 300)


def test_missing_files_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    _save(tmp_path / "ILSVRC2015_val_00000000" / "000001.mat", boxes=ROWS)
    # A frame's own name does not say which video it is of.
    _save(tmp_path / "000000.mat", boxes=ROWS)
    with pytest.raises(FileNotFoundError, match=r"for 2 of 3 images; the first is .*00000000/000000\.JPEG"):
        convert_mat(tmp_path, _dicts())
    with pytest.raises(FileNotFoundError, match="none: there is no such folder or file"):
        convert_mat(tmp_path / "none", [])


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    frame = tmp_path / "ILSVRC2015_val_00000000" / "000000.mat"
    _save(frame, other=ROWS)
    with pytest.raises(ValueError, match=r"000000\.mat: has no variable boxes or aboxes or roi"):
        convert_mat(tmp_path, _dicts()[:1])
    _save(frame, boxes=ROWS * np.inf)
    with pytest.raises(ValueError, match=r"000000\.mat: a number is not finite"):
        convert_mat(tmp_path, _dicts()[:1])
    path = _save(tmp_path / "a.mat", boxes=_cell(ROWS), images=np.array(["a", "b"], dtype=object))
    with pytest.raises(ValueError, match=r"a\.mat: 1 boxes and 2 names"):
        convert_mat(path, [])
    path = _save(tmp_path / "a.mat", boxes=_cell(ROWS, ROWS), images=np.array(["u/n02_17", "v/n02_17"], dtype=object))
    with pytest.raises(ValueError, match=r"a\.mat: n02_17 is there 2 times"):
        convert_mat(path, _dicts()[2:])


@pytest.mark.parametrize("content", [b"", b"no file of MATLAB", b"x" * 300])
def test_broken_files_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.mat: broken, or no MATLAB file"):
        read_mat(tmp_path / "a.mat")


def test_cut_off_files_are_named(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.mat", boxes=np.tile(ROWS, (50, 1)))
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(ValueError, match=r"a\.mat: broken"):
        read_mat(path)


def test_version_7_3_has_a_remedy(tmp_path: Path) -> None:
    head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (tmp_path / "a.mat").write_bytes(head + bytes(400))
    with pytest.raises(ValueError, match=r"a\.mat: a file of version 7\.3 .*save\('-v7'"):
        read_mat(tmp_path / "a.mat")


def test_without_scipy_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(ModuleNotFoundError, match="pip install scipy"):
        read_mat(tmp_path / "a.mat")


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"boxes": np.zeros((9_000_000, 1))}, do_compression=True)
    with pytest.raises(ValueError, match=r"a\.mat: broken, .*unpacked it would be more than 64 MiB"):
        read_mat(tmp_path / "a.mat")
    data = bytearray(Path(tmp_path / "a.mat").read_bytes())
    data[132:136] = b"\xff" * 4  # of a claimed size
    (tmp_path / "b.mat").write_bytes(data[:2000])
    with pytest.raises(ValueError, match=r"b\.mat"):
        read_mat(tmp_path / "b.mat")
