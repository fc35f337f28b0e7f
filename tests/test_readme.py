"""README.md: what it tells people to run is there, and every row of the paper's tables has its command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from detectron2.config import CfgNode, get_cfg

from dnt_d2 import add_dnt_config
from dnt_d2.config_check import check_config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
CONFIGS = sorted(set(re.findall(r"configs/[\w/]+\.yaml", README)))
COMMANDS = re.findall(r"`E ([^`]+)`", README)


def load(*files: str) -> CfgNode:
    cfg = get_cfg()
    add_dnt_config(cfg)
    for file in files:
        cfg.merge_from_file(str(ROOT / file))
    return cfg


@pytest.mark.parametrize("path", CONFIGS)
def test_configs_exist(path: str) -> None:
    assert (ROOT / path).is_file()


def test_scripts_and_links_exist() -> None:
    scripts = set(re.findall(r"python ((?:datasets|tools)/\w+\.py)", README))
    links = {link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link}
    links |= set(re.findall(r'src="([^"]+)"', README))
    assert len(scripts) >= 5
    for path in scripts | links:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_commands_of_the_tables_start(command: str) -> None:
    files = re.findall(r"configs/[\w/]+\.yaml", command)
    assert command.split() == [files[0], *(part for file in files[1:] for part in ("--test-config", file))]
    if "Inception_v4" in files[0]:
        pytest.importorskip("timm")
    check_config(load(*files), training=False)


def test_every_row_of_the_tables() -> None:
    used = [tuple(re.findall(r"configs/([\w/]+)\.yaml", command)) for command in COMMANDS]
    for trunk in ("R_50", "R_101", "X_101", "Inception_v4"):
        assert (f"D_{trunk}",) in used
        assert (f"DnT_{trunk}",) in used
    for variant in ("D_and_T_loss", "tau_10", "online", "tau_10_average", "average_both"):
        assert ("DnT_R_101", f"test/{variant}") in used
    assert "configs/test/average.yaml" in README
