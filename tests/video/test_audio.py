"""The sound of a source stays, in step with the frames, and never costs the video."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from dnt_d2.video import VideoWriter
from dnt_d2.video.audio import AudioTrack

ReadBack = Callable[[Path], Any]
COUNT, CLICK = 50, 30


def write(path: Path, source: Path | str, first: int = 0, end: int = COUNT) -> Path:
    """Grey frames in the place of these frames of a source."""
    with VideoWriter(path, 25, audio_from=source) as writer:
        for index in range(first, end):
            writer.write(np.full((48, 64, 3), 100, np.uint8), Fraction(index, 25))
    return path


@pytest.mark.parametrize("source", ["no sound", "images", "sound after the end"])
def test_without_sound_there_is_no_track(tmp_path: Path, make_clip: Any, read_back: ReadBack, source: str) -> None:
    if source == "images":
        cv2.imwrite(str(tmp_path / "1.png"), np.zeros((48, 64, 3), np.uint8))
        path = tmp_path
    else:
        sound = None if source == "no sound" else "pcm_s16le"
        path = make_clip(tmp_path / "clip.mov", range(20), sound=sound)
    first = 40 if source == "sound after the end" else 0  # of the video: there is nothing to be heard any more
    written = read_back(write(tmp_path / "out.mp4", path, first, first + 5))
    assert (len(written.times), written.codec) == (5, None)


@pytest.mark.parametrize(
    ("name", "sound", "kept"),
    [
        ("clip.mp4", "aac", "aac"),
        ("clip.mkv", "libopus", "opus"),
        ("clip.mkv", "flac", "flac"),
        ("clip.mp4", "libmp3lame", "mp3"),
        ("clip.mov", "pcm_s16le", "aac"),
        ("clip.avi", "pcm_s16le", "aac"),
        ("clip.mkv", "ac3", "aac"),
        ("clip.ts", "aac", "aac"),
    ],
)
def test_a_click_stays_with_its_frame(
    tmp_path: Path, make_clip: Any, read_back: ReadBack, name: str, sound: str, kept: str
) -> None:
    try:
        rate = 48000 if sound == "libopus" else 44100
        path = make_clip(tmp_path / name, range(COUNT), sound=sound, click=CLICK, rate=rate)
    except av.codec.codec.UnknownCodecError:
        pytest.skip(f"this PyAV can't write {sound}")
    for first, end in ((0, COUNT), (20, 40)):
        written = read_back(write(tmp_path / "out.mp4", path, first, end))
        assert written.codec == kept
        # A codec smears a click; MP3 is a little late by itself, as mp4 doesn't say where its sound begins.
        assert written.click == pytest.approx((CLICK - first) / 25, abs=0.03 if kept == "mp3" else 0.003)
        assert len(written.times) == end - first
        assert written.sound is not None
        assert -0.001 <= written.sound[0] < 0.06
        assert written.sound[1] == pytest.approx((end - first) / 25, abs=0.15)


def test_copied_sound_is_the_same_to_the_byte(tmp_path: Path, make_clip: Any) -> None:
    def packets(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    path = make_clip(tmp_path / "clip.mp4", range(COUNT), sound="aac", click=CLICK, layout="stereo")
    assert packets(write(tmp_path / "out.mp4", path)) == packets(path)


def test_sound_that_begins_late_is_preceded_by_silence(tmp_path: Path, make_clip: Any, read_back: ReadBack) -> None:
    path = make_clip(tmp_path / "clip.mp4", range(60), sound="aac", click=50, silent_until=40)
    written = read_back(write(tmp_path / "out.mp4", path, 0, 60))
    assert written.sound[0] == pytest.approx(0, abs=0.001)
    assert written.click == pytest.approx(2, abs=0.003)


def test_sound_from_a_file_of_sound(tmp_path: Path, make_clip: Any, read_back: ReadBack) -> None:
    source = make_clip(tmp_path / "clip.mov", range(COUNT), sound="pcm_s16le", click=CLICK)
    with av.open(str(source)) as clip, av.open(str(tmp_path / "song.wav"), "w") as song:
        stream = song.add_stream_from_template(clip.streams.audio[0])
        for packet in clip.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                song.mux(packet)
    assert read_back(write(tmp_path / "out.mp4", tmp_path / "song.wav")).click == pytest.approx(1.2, abs=0.003)


@pytest.mark.parametrize("broken", ["missing", "text", "unknown codec"])
def test_sound_that_fails_is_a_warning_and_the_video_goes_on(
    tmp_path: Path, make_clip: Any, read_back: ReadBack, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    path = tmp_path / "clip.mov"
    if broken == "text":
        path.write_text("this is no video")
    if broken == "unknown codec":
        make_clip(path, range(COUNT), sound="pcm_s16le", click=CLICK)
        path.write_bytes(path.read_bytes().replace(b"sowt", b"zzzz"))
    written = read_back(write(tmp_path / "out.mp4", path))
    assert (len(written.times), written.codec) == (COUNT, None)
    assert "sound can't be kept" in caplog.text
    assert str(path) in caplog.text


def test_the_sound_of_a_live_stream_is_not_opened_a_second_time(
    tmp_path: Path, read_back: ReadBack, caplog: pytest.LogCaptureFixture
) -> None:
    written = read_back(write(tmp_path / "out.mp4", "rtsp://me:secret@host/yard", 0, 2))
    assert (len(written.times), written.codec) == (2, None)
    assert "rtsp://host/yard: its sound is not kept, as it can't be read a second time" in caplog.text


def test_broken_packets_become_silence(
    tmp_path: Path, make_clip: Any, read_back: ReadBack, caplog: pytest.LogCaptureFixture
) -> None:
    path = make_clip(tmp_path / "clip.mp4", range(COUNT), sound="ac3", click=CLICK)
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size]
    with path.open("r+b") as file:
        for pos, size in places[5:15]:
            file.seek(pos)
            file.write(bytes(size))
    written = read_back(write(tmp_path / "out.mp4", path))
    assert (len(written.times), written.codec) == (COUNT, "aac")
    assert written.click == pytest.approx(CLICK / 25, abs=0.003)
    assert caplog.text.count(f"{path}: some of its sound is broken") == 1


def test_sound_without_its_head_is_not_copied(tmp_path: Path, make_clip: Any, read_back: ReadBack) -> None:
    path = make_clip(tmp_path / "clip.mkv", range(COUNT), sound="flac", click=CLICK)
    data = path.read_bytes()
    head = data.rindex(b"\x63\xa2", 0, data.index(b"fLaC"))  # Matroska's name for it
    path.write_bytes(data[:head] + b"\x63\xa0" + data[head + 2 :])
    written = read_back(write(tmp_path / "out.mp4", path))  # copied, it would make the file unreadable
    assert (len(written.times), written.codec) == (COUNT, "aac")


def test_only_a_few_packets_are_in_memory(tmp_path: Path, make_clip: Any) -> None:
    path = make_clip(tmp_path / "clip.mp4", range(COUNT), sound="aac", click=CLICK)
    with av.open(str(tmp_path / "out.mp4"), "w") as output:
        muxed = []
        track = AudioTrack(path, output, Fraction(0))
        track._output = type("Counter", (), {"mux": lambda _, packet: muxed.append(packet.pts)})()
        for time, most in ((0, 1), (1, 45), (1, 45)):
            track.write_until(Fraction(time))
            assert most - 2 <= len(muxed) <= most
        track.close()
        track.write_until(Fraction(2))
        assert len(muxed) <= 45
        for stream in output.streams:
            assert stream.type == "audio"
