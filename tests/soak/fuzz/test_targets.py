"""Readers and the wrong files made for them: sound files are read, files are the same for the same number."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.soak.fuzz.harness import Target
from dnt_d2.soak.fuzz.targets import all_targets

TARGETS = all_targets()
# Stills are no frames of a video; two seeds of gt.txt are of one class alone, which the data set here is not.
NOT_FOR_ALL = {"annotation XML": {3, 5}, "MOT gt.txt": {1, 2}}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_sound_files_are_read(tmp_path: Path, target: Target) -> None:
    target.prepare(tmp_path)
    refused = {place: target.judge(tmp_path, data) for place, data in enumerate(target.seeds())}
    wrong = {place: outcome for place, outcome in refused.items() if outcome[0] != "result"}
    assert set(wrong) == NOT_FOR_ALL.get(target.name, set()), wrong


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_number_is_a_file(target: Target) -> None:
    files = [target.make(3, number) for number in range(16)]
    assert files == [target.make(3, number) for number in range(16)]
    assert files != [target.make(4, number) for number in range(16)]
    changed = [data for data in files if data not in target.seeds()]
    assert len(set(changed)) > 3
    assert max(map(len, files)) < 2_000_000


def test_names_and_kinds() -> None:
    names = [target.name for target in TARGETS]
    assert len(set(names)) == len(names) > 15
    assert {target.kind for target in TARGETS} == {"text", "archive", "image", "video"}
