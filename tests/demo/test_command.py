"""The command: what goes in, what comes out, and what is left when something breaks."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from threading import Thread
from typing import Any

import av
import cv2
import numpy as np
import pytest
from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog, MetadataCatalog

from dnt_d2 import VideoPredictor
from dnt_d2.demo import Shown, command, outputs
from dnt_d2.video import VideoSource, VideoWriter, probe, read_frames

Make = Callable[..., Any]
Run = Callable[..., int]
pytestmark = pytest.mark.usefixtures("loggers_as_before")


def write_mp4(
    path: Path, count: int = 6, times: list[Fraction] | None = None, size: tuple[int, int] = (48, 64)
) -> Path:
    with VideoWriter(path, 10) as writer:
        for t in range(count):
            writer.write(np.full((*size, 3), 20 * t % 250, np.uint8), times[t] if times else None)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def times_of(path: Path) -> list[Fraction | None]:
    with VideoSource(path) as source:
        return [time for _, time in source]


# With the network


@pytest.mark.parametrize("settings", [{"mode": "offline"}, {"mode": "online"}, {"window": 3}])
def test_modes(trained: CfgNode, run: Run, clip: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    """Each writes down what VideoPredictor says in it, and offline is what happens unless one asks for another."""
    tracks = tmp_path / "out.csv"
    words = [word for key, value in settings.items() for word in (f"--{key}", value) if value != "offline"]
    assert run("--input", clip, "--tracks", tracks, *words) == 0
    expected = [
        (str(r.frame_index), str(track), pytest.approx(float(score), rel=1e-4))
        for r in VideoPredictor(trained, min_frames=5, **settings).stream(read_frames(clip))
        for track, score in zip(r.instances.track_ids.tolist(), r.instances.scores, strict=True)
    ]
    assert expected
    assert [(row["frame"], row["track"], float(row["score"])) for row in rows(tracks)] == expected


def test_a_mode_that_can_not_be(run: Run, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--input", clip, "--output", tmp_path / "out.mp4")
    assert run(*arguments, "--mode", "online", "TEST.SCORE_AVERAGE", "next") == 1
    assert "TEST.SCORE_AVERAGE needs the next frame" in capsys.readouterr().err
    assert run(*arguments, "MODEL.WEIGHTS", tmp_path / "none.pth") == 1
    assert "none.pth: there is no such checkpoint; correct MODEL.WEIGHTS" in capsys.readouterr().err


# What goes in; from here on with a predictor that is told what to see


def inputs(folder: Path) -> Iterator[tuple[str, str, int]]:
    """What people give, the video's name, and its frames."""
    pictures = folder / "pictures"
    pictures.mkdir()
    for t in range(6):
        cv2.imwrite(str(pictures / f"{t}.png"), np.full((47, 63, 3), 40 * t, np.uint8))
    yield str(pictures), "pictures", 6
    yield str(pictures / "[123].png"), "pictures", 3
    yield str(pictures / "0.png"), "0", 1
    yield str(write_mp4(folder / "clip.mp4")), "clip", 6
    yield str(write_mp4(folder / "one.mp4", 1)), "one", 1
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/clip.mp4", "clip", 6
        server.shutdown()


def test_files_of_all_kinds_come_out_whole(run: Run, stand_in: Make, tmp_path: Path) -> None:
    stand_in()
    for mode, (source, name, count) in zip(cycle(["online", "offline"]), inputs(tmp_path)):
        video, tracks = tmp_path / "out.mp4", tmp_path / "out.csv"
        assert run("--input", source, "--output", video, "--tracks", tracks, "--mode", mode) == 0
        frames = list(read_frames(video))
        assert len(frames) == count
        assert [(row["video"], row["frame"]) for row in rows(tracks)] == [
            (name, str(t)) for t in range(count) for _ in range(2)
        ]
        assert frames[0].shape[:2] == (48, 64)  # the pictures' 47 x 63, made even


@pytest.mark.parametrize("mode", ["offline", "online"])
def test_times_and_sound_are_kept(run: Run, stand_in: Make, tmp_path: Path, mode: str) -> None:
    stand_in()
    times = [Fraction(t, 10) for t in (0, 1, 2, 6, 7, 9)]
    silent, clip = write_mp4(tmp_path / "silent.mp4", times=times), tmp_path / "clip.mp4"
    add_sound(silent, clip)
    assert run("--input", clip, "--output", tmp_path / "out.mp4", "--mode", mode) == 0
    assert times_of(tmp_path / "out.mp4") == [pytest.approx(float(time), abs=0.002) for time in times]
    assert run("--input", clip, "--output", tmp_path / "mute.mp4", "--no-audio") == 0
    assert [len(av.open(str(tmp_path / name)).streams.audio) for name in ("out.mp4", "mute.mp4")] == [1, 0]


def add_sound(silent: Path, target: Path) -> None:
    with av.open(str(silent)) as video, av.open(str(target), "w") as out:
        copy, sound = out.add_stream_from_template(video.streams.video[0]), out.add_stream("aac", rate=16000)
        for packet in video.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        out.mux([*sound.encode(frame), *sound.encode()])


@pytest.mark.parametrize(("words", "mode"), [((), "online"), (("--window", "3"), "offline")])
def test_a_camera_is_read_once_and_until_it_is_stopped(
    run: Run, stand_in: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], mode: str
) -> None:
    opened: list[int] = []

    class Camera:
        def __init__(self, index: int, *_: Any) -> None:
            opened.append(index)

        def isOpened(self) -> bool:
            return True

        def read(self) -> tuple[bool, Any]:
            return True, np.zeros((48, 64, 3), np.uint8)

        def get(self, _: int) -> float:
            return 0.0

        def set(self, *_: Any) -> bool:
            return False

        def release(self) -> None:
            pass

    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    made = stand_in()
    files = ("--output", tmp_path / "out.mp4", "--tracks", tmp_path / "out.csv")
    assert run("--input", "camera:2", *files, "--max-frames", 7, *words) == 0
    assert (opened, made[0].mode) == ([2], mode)
    assert len(list(read_frames(tmp_path / "out.mp4"))) == 7
    assert rows(tmp_path / "out.csv")[-1]["video"] == "camera-2"
    assert run("--input", "camera:2", *files, "--mode", "offline") == 1


def test_choices(run: Run, stand_in: Make, clip: Path, tmp_path: Path) -> None:
    """Track 1 is of class 0, with 0.9; track 2 of class 1, with 0.4."""
    stand_in()
    target = tmp_path / "out.csv"

    def tracks(*words: Any) -> list[tuple[str, str]]:
        assert run("--input", clip, "--tracks", target, "--max-frames", 2, *words) == 0
        return [(row["frame"], row["track"]) for row in rows(target)]

    assert tracks() == [("0", "1"), ("0", "2"), ("1", "1"), ("1", "2")]
    assert tracks("--score", 0.5) == [("0", "1"), ("1", "1")]
    assert tracks("--classes", 1) == [("0", "2"), ("1", "2")]
    assert tracks("--classes", 2) == []


def test_everything_at_once(
    run: Run, stand_in: Make, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in()
    video, mot, coco, tubes = files = [tmp_path / "new" / f for f in ("out.mp4", "out.txt", "out.json", "tubes.png")]
    words = ("--output", video, "--tracks", mot, "--tracks", coco, "--timeline", tubes)
    assert run("--input", clip, *words, "--compare", "--scale", 2, "--stride", 2) == 0
    printed = capsys.readouterr()
    assert printed.out == f"video: {video}\ntracks: {mot}\ntracks: {coco}\ntimeline: {tubes}\n"
    assert "tracking: 100%" in printed.err
    assert "drawing: 100%" in printed.err
    assert probe(video).num_frames == 6
    assert mot.read_text().startswith("1,1,")
    assert [image["frame_id"] for image in json.loads(coco.read_text())["images"]] == list(range(6))
    assert cv2.imread(str(tubes)) is not None
    assert sorted(files) == sorted((tmp_path / "new").iterdir())


def test_classes_of_data_of_ones_own(trained: CfgNode, run: Run, stand_in: Make, clip: Path, tmp_path: Path) -> None:
    """The config describes them; nothing of the data themselves is needed."""
    stand_in()
    cfg, bolts = trained.clone(), "test_demo_bolts"
    cfg.defrost()
    cfg.DATASETS.REGISTER = [
        {"NAME": bolts, "FORMAT": "mot", "ROOT": str(tmp_path / "none"), "CLASSES": ["hex bolt", "nut", "screw"]}
    ]
    cfg.DATASETS.TEST = (bolts,)
    (tmp_path / "own.yaml").write_text(cfg.dump())
    try:
        words = ("--config-file", tmp_path / "own.yaml", "--tracks", tmp_path / "out.csv")
        assert run("--input", clip, *words, "--classes", "Hex-Bolt", "2") == 0
    finally:
        DatasetCatalog.remove(bolts)
        MetadataCatalog.remove(bolts)
    assert {row["class"] for row in rows(tmp_path / "out.csv")} == {"hex bolt"}


# What breaks


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--output", "out.avi"), "out.avi: give a file name that ends in .mp4"),
        (("--output", "file/out.mp4"), "out.mp4"),
        (("--tracks", "file/out.txt"), "out.txt"),
        (("--tracks", "out.xml"), "out.xml: tracks go to"),
        (("--timeline", "file/tubes.png"), "tubes.png"),
        (("--tracks", "a.csv", "--tracks", "csv:a.csv"), "a.csv: two outputs have this name"),
        (("--tracks", "csv:clip.mp4"), "clip.mp4: that is the input"),
        (("--classes", "lorry", "--tracks", "a.csv"), "there is no lorry; the network knows 0 airplane, 1"),
        (("--tracks", "a.csv", "--input", "none.mp4"), "none.mp4: no such file"),
        (("--tracks", "a.csv", "--input", "text.mp4"), "text.mp4"),
    ],
)
def test_what_can_not_be_is_said_before_the_work(
    run: Run,
    stand_in: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    message: str,
) -> None:
    made = stand_in()
    monkeypatch.chdir(tmp_path)
    write_mp4(tmp_path / "clip.mp4", 1)
    (tmp_path / "file").touch()
    (tmp_path / "text.mp4").write_text("not a video\n" * 100)
    before = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert run("--input", "clip.mp4", *words) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert made == []
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("mode", ["offline", "online"])
def test_a_broken_picture_ends_the_video_and_keeps_what_came_before(
    run: Run, stand_in: Make, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    stand_in()
    (clip / "000004.JPEG").write_bytes(b"broken")
    files = ("--output", tmp_path / "out.mp4", "--tracks", tmp_path / "out.csv", "--timeline", tmp_path / "t.png")
    assert run("--input", clip, *files, "--mode", mode) == 1
    printed = capsys.readouterr()
    assert "000004.JPEG" in printed.err
    assert "the 4 frames before are done" in printed.err
    assert len(printed.out.splitlines()) == 3
    assert len(list(read_frames(tmp_path / "out.mp4"))) == 4
    assert rows(tmp_path / "out.csv")[-1]["frame"] == "3"


def test_a_video_that_breaks_off_gives_what_it_has(run: Run, stand_in: Make, tmp_path: Path) -> None:
    stand_in()
    whole = write_mp4(tmp_path / "whole.mp4", 20).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) - 60])
    status = run("--input", tmp_path / "cut.mp4", "--output", tmp_path / "out.mp4")
    assert status in (0, 1)  # FFmpeg may call it an error, or the end
    assert 0 < len(list(read_frames(tmp_path / "out.mp4"))) < 20


@pytest.mark.parametrize("mode", ["offline", "online"])
def test_a_full_disk_keeps_what_was_done_and_says_so(
    run: Run,
    stand_in: Make,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    largest_file: Callable[[int], AbstractContextManager[None]],
    mode: str,
) -> None:
    stand_in()
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    noise = np.random.default_rng(0)
    for t in range(100):
        cv2.imwrite(str(pictures / f"{t}.png"), noise.integers(0, 255, (96, 128, 3), np.uint8))
    arguments = ("--input", pictures, "--output", tmp_path / "out.mp4", "--tracks", tmp_path / "out.csv")
    with largest_file(200_000):
        assert run(*arguments, "--mode", mode) == 1
    printed = capsys.readouterr()
    assert "error: " in printed.err
    assert "out.mp4" in printed.err
    video = len(list(read_frames(tmp_path / "out.mp4")))
    assert 20 < video < 100
    assert int(rows(tmp_path / "out.csv")[-1]["frame"]) + 1 >= video
    assert {path.name for path in tmp_path.iterdir()} == {"pictures", "out.mp4", "out.csv"}


# Ctrl-C


def interrupt_at(when: int) -> Callable[[int], None]:
    """Press Ctrl-C at a frame, and wait until it was noticed."""

    def press(index: int) -> None:
        if index == when:
            interrupts = signal.getsignal(signal.SIGINT).__self__  # type: ignore[union-attr]
            before, deadline = interrupts.count, time.monotonic() + 30
            os.kill(os.getpid(), signal.SIGINT)
            while interrupts.count == before and time.monotonic() < deadline:
                time.sleep(0.001)

    return press


def outcome(run: Run, clip: Path, folder: Path, *words: str) -> tuple[int, int, int]:
    """The status, and how many frames the video and the tracks have."""
    status = run("--input", clip, "--output", folder / "out.mp4", "--tracks", folder / "out.csv", *words)
    frames = len(list(read_frames(folder / "out.mp4")))
    return status, frames, int(rows(folder / "out.csv")[-1]["frame"]) + 1


@pytest.mark.parametrize("words", [(), ("--mode", "online"), ("--window", "50")])
def test_an_interrupt_stops_reading_and_what_was_read_is_finished(
    run: Run, stand_in: Make, tmp_path: Path, words: tuple[str, ...]
) -> None:
    made = stand_in(interrupt_at(20))
    clip = write_mp4(tmp_path / "clip.mp4", 400)
    status, video, tracks = outcome(run, clip, tmp_path, *words)
    assert status == 130
    assert 21 <= video == tracks < 400
    assert len(made) == 1


def test_an_interrupt_while_drawing_stops_that(run: Run, stand_in: Make, tmp_path: Path) -> None:
    stand_in(on_result=interrupt_at(20))
    clip = write_mp4(tmp_path / "clip.mp4", 200)
    status, video, tracks = outcome(run, clip, tmp_path)
    assert status == 130
    assert 10 <= video == tracks < 40


def test_two_interrupts_stop_both(run: Run, stand_in: Make, tmp_path: Path) -> None:
    stand_in(interrupt_at(50), on_result=interrupt_at(20))
    clip = write_mp4(tmp_path / "clip.mp4", 200)
    status, video, tracks = outcome(run, clip, tmp_path)
    assert status == 130
    assert 10 <= video == tracks < 40


def test_two_quick_interrupts_lose_nothing(run: Run, stand_in: Make, tmp_path: Path) -> None:
    stand_in(interrupt_at(50), on_result=interrupt_at(0))
    assert outcome(run, write_mp4(tmp_path / "clip.mp4", 200), tmp_path) == (130, 51, 51)


def test_an_interrupt_between_the_passes_costs_nothing(run: Run, stand_in: Make, tmp_path: Path) -> None:
    stand_in(interrupt_at(5))
    assert outcome(run, write_mp4(tmp_path / "clip.mp4", 6), tmp_path) == (130, 6, 6)


def test_an_interrupt_before_the_first_frame_leaves_nothing(
    run: Run, stand_in: Make, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "track_twice", lambda *_: iter(()))
    stand_in()
    assert run("--input", clip, "--output", tmp_path / "out.mp4", "--tracks", tmp_path / "out.csv") == 130
    assert list(tmp_path.iterdir()) == [clip]


def test_the_window_s_user_stops_and_the_video_is_kept(
    run: Run, stand_in: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Window:
        def __init__(self, title: str, stop: Callable[[], None], fps: float | None) -> None:
            assert (title, fps) == ("clip", 10.0)
            self._stop = stop

        def __call__(self, shown: Shown) -> None:
            if shown.result.frame_index == 4:
                self._stop()

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(outputs, "Window", Window)
    stand_in()
    clip = write_mp4(tmp_path / "clip.mp4", 40)
    assert outcome(run, clip, tmp_path, "--show") == (0, 5, 5)
