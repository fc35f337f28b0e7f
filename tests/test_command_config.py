"""Files and options of a command line, merged in their order."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from dnt_d2.command_config import config_of
from dnt_d2.processes.launching import argument_parser


def parse(*options: str) -> argparse.Namespace:
    return argument_parser().parse_args(options)


def test_without_a_file_the_defaults_are_taken() -> None:
    cfg = config_of(parse())
    assert cfg.TEST.TEMPORAL_STRIDE == 1
    assert cfg.is_frozen()


def test_later_ones_have_the_last_word(tmp_path: Path) -> None:
    for name, stride in (("base", 2), ("variant", 3)):
        (tmp_path / f"{name}.yaml").write_text(f"VERSION: 2\nTEST: {{TEMPORAL_STRIDE: {stride}}}\n")
    args = parse("--config-file", str(tmp_path / "base.yaml"))
    assert config_of(args).TEST.TEMPORAL_STRIDE == 2
    args.test_config = [str(tmp_path / "variant.yaml")]
    assert config_of(args).TEST.TEMPORAL_STRIDE == 3
    args.opts = ["TEST.TEMPORAL_STRIDE", "4"]
    assert config_of(args).TEST.TEMPORAL_STRIDE == 4


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(AssertionError, match=r"Non-existent key: TEST\.STRIDE"):
        config_of(parse("TEST.STRIDE", "4"))
