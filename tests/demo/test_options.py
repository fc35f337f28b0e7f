"""The command line, before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from detectron2.config import CfgNode

from dnt_d2.demo.options import choose_mode, parse


@pytest.fixture
def base(trained: CfgNode) -> list[str]:
    config = Path(trained.MODEL.WEIGHTS).with_name("config.yaml")
    return ["--config-file", str(config), "--input", "clip.mp4", "--output", "out.mp4"]


def test_the_defaults_are_those_of_the_page(base: list[str]) -> None:
    args, cfg = parse(base)
    assert (args.mode, args.window, args.stride, args.max_frames) == (None, None, 1, None)
    assert (args.classes, args.score, args.scale) == ([], 0, 1)
    assert not any([args.tracks, args.timeline, args.show, args.compare, args.no_audio])
    assert (cfg.SEED, cfg.is_frozen()) == (3, True)


@pytest.mark.parametrize(
    "words",
    ["--classes dog 7 SEED 5 --show", "SEED 5 --show --classes dog 7", "--classes dog 7 --show SEED 5"],
)
def test_keys_of_the_config_may_stand_anywhere(base: list[str], words: str) -> None:
    args, cfg = parse([*base, *words.split()])
    assert (args.classes, args.show, cfg.SEED) == (["dog", "7"], True, 5)


def test_a_key_below_another_ends_the_classes_too(base: list[str]) -> None:
    args, cfg = parse([*base, "--classes", "dog", "MODEL.WEIGHTS", "x.pth", "--tracks", "a.txt", "--tracks", "coco:b"])
    assert (args.classes, cfg.MODEL.WEIGHTS, args.tracks) == (["dog"], "x.pth", ["a.txt", "coco:b"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--mode sideways", "invalid choice: 'sideways'"),
        ("--score 1.5", "'1.5' is not a number in [0, 1]"),
        ("--score nan", "'nan' is not a number in [0, 1]"),
        ("--window 0", "'0' is not a whole number from 1 on"),
        ("--max-frames many", "'many' is not a whole number from 1 on"),
        ("--mode online --window 5", "--window is of offline linking"),
        ("MODEL.WEIGHTS", "Override list has odd length"),
        ("MODEL.WEIGHT x.pth", "Non-existent key: MODEL.WEIGHT"),
    ],
)
def test_a_bad_command_line_is_refused(
    base: list[str], words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        parse([*base, *words.split()])
    assert refused.value.code == 2
    assert message in capsys.readouterr().err


def test_something_must_come_out(base: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(base[:-2])
    assert "give --output, --tracks, --timeline or --show" in capsys.readouterr().err


def test_a_config_of_somebody_else_is_named(
    base: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.yaml").write_text("MODEL: {NO_SUCH_KEY: 1}")
    with pytest.raises(SystemExit):
        parse([*base, "--config-file", str(tmp_path / "other.yaml")])
    assert "other.yaml: Non-existent config key: MODEL.NO_SUCH_KEY" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("mode", "window", "live", "chosen"),
    [
        (None, None, False, "offline"),
        (None, 9, False, "offline"),
        ("online", None, False, "online"),
        (None, None, True, "online"),
        (None, 9, True, "offline"),
        ("offline", 9, True, "offline"),
    ],
)
def test_modes(mode: str | None, window: int | None, live: bool, chosen: str) -> None:
    assert choose_mode(mode, window, live) == chosen


def test_offline_a_live_input_needs_a_window() -> None:
    with pytest.raises(ValueError, match=r"has no end .* --window N \(results N frames late\), or --mode online"):
        choose_mode("offline", None, True)
