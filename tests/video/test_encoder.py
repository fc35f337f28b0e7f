"""What is in the file: format, times, and sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from dnt_d2.video.boxes import top_boxes
from dnt_d2.video.encoder import Encoder

ReadBack = Callable[[Path], Any]


def encode(path: Path, times: Iterable[float | Fraction], rate: Fraction = Fraction(25), **options: Any) -> Path:
    encoder = Encoder(path, rate, (48, 64), crf=20, **options)
    for index, time in enumerate(times):
        encoder.write(np.full((48, 64, 3), 40 * (index % 6), np.uint8), Fraction(time))
    encoder.close()
    return path


def test_one_frame(tmp_path: Path, read_back: ReadBack) -> None:
    written = read_back(encode(tmp_path / "clip.mp4", [0]))
    assert (written.times, written.size, written.duration) == ([0], (48, 64), 0.04)


def test_it_is_what_a_browser_plays(tmp_path: Path) -> None:
    with av.open(str(encode(tmp_path / "clip.mp4", [0, 0.04]))) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24000, 1001), Fraction(25, 2), Fraction(1000)])
def test_times_of_a_constant_rate_are_exact(tmp_path: Path, rate: Fraction) -> None:
    path = encode(tmp_path / "clip.mp4", [k / rate for k in range(12)], rate)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert [frame.pts * frame.time_base for frame in container.decode(stream)] == [k / rate for k in range(12)]
        assert stream.average_rate == rate


def test_any_other_times_are_kept_to_a_hundred_thousandth(tmp_path: Path, read_back: ReadBack) -> None:
    times = [0, 0.001, 1 / 3, 0.5, 0.50001, 0.9, 4.0]
    written = read_back(encode(tmp_path / "clip.mp4", times))
    np.testing.assert_allclose(written.times, times, atol=1.2e-5)
    assert written.duration == pytest.approx(4.04, abs=0.001)  # the last is shown for 1 / 25 s


def test_times_closer_than_the_file_can_tell_still_rise(tmp_path: Path, read_back: ReadBack) -> None:
    times = read_back(encode(tmp_path / "clip.mp4", [k * 1e-7 for k in range(10)])).times
    np.testing.assert_allclose(np.diff(times), 1 / 90_000, atol=1e-9)


def test_an_index_comes_with_each_second(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.mp4", [k / 25 for k in range(100)])
    assert [kind for kind, _, _ in top_boxes(path)].count("moof") == 4


def test_sound_is_in_step_from_the_first_frame_written(tmp_path: Path, make_clip: Any, read_back: ReadBack) -> None:
    source = make_clip(tmp_path / "clip.mov", range(50), sound="pcm_s16le", click=30)
    path = encode(tmp_path / "out.mp4", [k / 25 for k in range(25)], audio_from=source, start=Fraction(10, 25))
    written = read_back(path)
    assert written.click == pytest.approx(20 / 25, abs=0.001)
    assert len(written.times) == 25


def test_a_place_that_can_t_be_written_is_an_error_and_can_be_abandoned(tmp_path: Path) -> None:
    encoder = Encoder(tmp_path / "nowhere" / "clip.mp4", Fraction(25), (48, 64), crf=20)

    def write() -> None:
        for index in range(100):  # the file is opened when the encoder gives its first packet
            encoder.write(np.zeros((48, 64, 3), np.uint8), Fraction(index, 25))

    with pytest.raises(OSError, match="No such file"):
        write()
    encoder.abandon()
