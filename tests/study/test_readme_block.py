"""dnt_d2/study/readme_block.py: the headline and the claims for README.md, which has one place for them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from dnt_d2.provenance import replace_block
from dnt_d2.study.claims import CLAIMS
from dnt_d2.study.readme_block import NAME, SHOWN, make_block

ROOT = Path(__file__).parents[2]


def test_nothing_measured_yet(tmp_path: Path) -> None:
    block = make_block(tmp_path / "benchmarks/study/none")
    assert block == "Not measured yet; [benchmarks/README.md](benchmarks/README.md) will have it.\n"


def test_the_block(trial_study: Callable[..., Path], tmp_path: Path) -> None:
    folder = tmp_path / "benchmarks/study/trial"
    shutil.copytree(trial_study(), folder)
    block = make_block(folder)
    assert "| val_novel | D        |      54.0 ± 1.0 |" in block
    assert {claim.name for claim in CLAIMS if f"| {claim.sentence} " in block} == set(SHOWN)
    assert "| +6.0 (+4.0 to +8.0), holds in every seed " in block
    assert "in [benchmarks/study/trial](benchmarks/study/trial).)" in block
    (folder / "claims.json").unlink()
    assert "claims" not in make_block(folder)


def test_readme_has_its_place(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text((ROOT / "README.md").read_text(encoding="utf-8"), encoding="utf-8")
    replace_block(page, NAME, "here\n")
    assert "<!-- study:begin -->\nhere\n<!-- study:end -->" in page.read_text(encoding="utf-8")
