"""dnt_d2/soak/data.py: the faults break what they say, and one kind from end to end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("detectron2")

from dnt_d2.soak.data import run
from dnt_d2.soak.data_faults import TRAINING, annotation, frames, stills, videos
from dnt_d2.soak.record import Work
from dnt_d2.soak.small_run import SmallRun


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    return SmallRun.make(tmp_path_factory.mktemp("whole"))


def contents(root: Path) -> dict[Path, bytes]:
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_parts_of_a_data_set(whole: SmallRun) -> None:
    assert [len(frames(video)) for video in videos(whole.data)] == [6] * 6
    assert len(stills(whole.data)) == 12
    assert all(annotation(path).is_file() for path in [*stills(whole.data), *frames(videos(whole.data, "val")[0])])


@pytest.mark.parametrize("fault", [fault for fault in TRAINING if fault.what != "an unreadable folder"])
def test_a_fault_changes_the_files_it_names_and_no_others(whole: SmallRun, tmp_path: Path, fault) -> None:
    from dnt_d2.soak.data_runs import copy_of

    before = contents(whole.data)
    broken = copy_of(whole, tmp_path)
    planted = fault.plant(broken.data, np.random.default_rng(3))
    after = contents(broken.data)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    named = {path.relative_to(broken.data) for path in planted}
    assert changed
    # Of a video that is named all frames change; where the XML is changed, its frame is what can't be used.
    for path in changed:
        image = Path(str(path).replace("Annotations", "Data")).with_suffix(".JPEG")
        assert {path, path.parent, image} & named, path
    again = copy_of(whole, tmp_path / "again")
    assert [p.relative_to(again.data) for p in fault.plant(again.data, np.random.default_rng(3))] == [
        p.relative_to(broken.data) for p in planted
    ]
    assert contents(again.data) == after


@pytest.mark.slow
def test_a_small_part(tmp_path: Path) -> None:
    found = list(run(Work(tmp_path, amount=0.05)))
    assert [fault.what for fault in found if not fault.passed] == []
    assert len(found) > 5
