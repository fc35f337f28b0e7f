"""From fragments to a plain file."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.video.boxes import top_boxes
from dnt_d2.video.encoder import Encoder
from dnt_d2.video.finishing import rewrite, salvage


@pytest.fixture(scope="module")
def fragmented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 frames of noise at 25 a second: three fragments."""
    path = tmp_path_factory.mktemp("fragments") / "clip.mp4"
    encoder = Encoder(path, Fraction(25), (48, 64), crf=20)
    for index, image in enumerate(np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3), np.uint8)):
        encoder.write(image, Fraction(index, 25))
    encoder.close()
    return path


@pytest.mark.parametrize("content", [b"", b"\0\0\0\x18ftypisom", b"this is no video"])
def test_of_nothing_nothing_is_saved(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    assert salvage(path) == 0


def test_a_sound_file_is_left_as_it_is(fragmented: Path, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(fragmented.read_bytes())
    assert salvage(path) == 60
    assert [kind for kind, _, _ in top_boxes(path)] == ["ftyp", "moov", *["moof", "mdat"] * 3]


def test_wherever_it_breaks_the_whole_fragments_play(
    fragmented: Path, tmp_path: Path, read_back: Callable[[Path], Any]
) -> None:
    data = fragmented.read_bytes()
    path = tmp_path / "clip.mp4"
    counts = []
    for end in range(1000, len(data), len(data) // 9):
        path.write_bytes(data[:end])
        counts.append(salvage(path))
        if counts[-1]:
            assert read_back(path).times == [i / 25 for i in range(counts[-1])]
    assert counts == sorted(counts)
    assert set(counts) == {0, 25, 50}


def test_the_copy_has_the_same_frames_and_its_index_in_front(
    fragmented: Path, tmp_path: Path, read_back: Callable[[Path], Any]
) -> None:
    rewrite(fragmented, tmp_path / "plain.mp4")
    assert [kind for kind, _, _ in top_boxes(tmp_path / "plain.mp4")][:2] == ["ftyp", "moov"]
    assert "moof" not in [kind for kind, _, _ in top_boxes(tmp_path / "plain.mp4")]
    assert read_back(tmp_path / "plain.mp4") == read_back(fragmented)


def test_a_copy_that_fails_leaves_nothing(fragmented: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        rewrite(fragmented, tmp_path / "nowhere" / "plain.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ValueError, match=r"text\.mp4"):
        rewrite(tmp_path / "text.mp4", tmp_path / "plain.mp4")
    assert not (tmp_path / "plain.mp4").exists()
