"""A contact sheet has a row for each video and colours where it marks something."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.minivid.contact_sheet import contact_sheet


def test_an_empty_data_set(tmp_path: Path) -> None:
    (tmp_path / "minivid.json").write_text("{}")
    with pytest.raises(ValueError, match="no videos"):
        contact_sheet(tmp_path)


def test_size_and_marks(tiny: Path) -> None:
    sheet = contact_sheet(tiny, videos=3, frames=2, step=1, width=160)
    assert sheet.shape == (3 * (120 + 36 + 4), 2 * 164, 3)
    assert sheet.dtype == np.uint8
    assert (sheet == (60, 220, 255)).all(axis=2).any()  # the box of track 0


def test_a_missing_frame_is_named(tiny: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(tiny, root)
    for path in (root / "Data" / "VID" / "train").rglob("000000.JPEG"):
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"000000\.JPEG is missing or broken"):
        contact_sheet(root)
