"""dnt_d2/config_files.py: keys of a file and its bases, no code."""

from __future__ import annotations

from pathlib import Path

import pytest
from detectron2.config import CfgNode, get_cfg

from dnt_d2.config_files import merge_config_file
from dnt_d2.vetting import TRUST_VARIABLE


@pytest.fixture
def cfg() -> CfgNode:
    return get_cfg()


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_file_changes_nothing(tmp_path: Path, cfg: CfgNode) -> None:
    merge_config_file(cfg, _write(tmp_path / "a.yaml", "{}"))
    assert cfg == get_cfg()
    with pytest.raises(AssertionError, match=r"none\.yaml"):
        merge_config_file(cfg, tmp_path / "none.yaml")


def test_keys_of_a_file_and_its_base(tmp_path: Path, cfg: CfgNode) -> None:
    _write(tmp_path / "base.yaml", "SEED: 3\nINPUT:\n  MIN_SIZE_TRAIN: (64, 80)\n")
    merge_config_file(cfg, _write(tmp_path / "a.yaml", "_BASE_: base.yaml\nOUTPUT_DIR: x\n"))
    assert (cfg.SEED, cfg.INPUT.MIN_SIZE_TRAIN, cfg.OUTPUT_DIR) == (3, (64, 80), "x")
    again = get_cfg()
    merge_config_file(again, _write(tmp_path / "b.yaml", cfg.dump()))
    assert (again.SEED, again.INPUT.MIN_SIZE_TRAIN, again.OUTPUT_DIR) == (3, (64, 80), "x")


def test_code_is_refused_unless_it_is_trusted(tmp_path: Path, cfg: CfgNode, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = tmp_path / "canary"
    text = f"OUTPUT_DIR: !!python/object/apply:os.mkdir ['{canary}']\n"
    base = _write(tmp_path / "base.yaml", text)
    for path in (base, _write(tmp_path / "a.yaml", "_BASE_: base.yaml\n")):
        with pytest.raises(
            ValueError, match=rf"{path.name}: this config would run code .*os\.mkdir.* {TRUST_VARIABLE}=1"
        ):
            merge_config_file(cfg, path)
    assert not canary.exists()
    monkeypatch.setenv(TRUST_VARIABLE, "1")
    merge_config_file(cfg, base)
    assert canary.exists()


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\0", "[" * 5000, "x" * (1 << 20) + "y"])
def test_broken_files_are_named(tmp_path: Path, cfg: CfgNode, text: str) -> None:
    with pytest.raises(ValueError, match=r"a\.yaml: (broken YAML|it has more than)"):
        merge_config_file(cfg, _write(tmp_path / "a.yaml", text))
