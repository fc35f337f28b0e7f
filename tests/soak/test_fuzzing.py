"""The soak of wrong files, with few of them; and files that once were not survived."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.soak import fuzzing
from dnt_d2.soak.fuzz import sound
from dnt_d2.soak.fuzz.harness import Target
from dnt_d2.soak.fuzz.targets import all_targets
from dnt_d2.soak.record import Work

TARGETS = {target.name: target for target in all_targets()}


def _run_json(**changes: object) -> bytes:
    return json.dumps(json.loads(sound.run_files("run.json")[0]) | changes).encode()


def _coco(**changes: object) -> bytes:
    return json.dumps(json.loads(sound.coco_vid_files()[0]) | changes).encode()


ONCE = [
    ("COCO-VID JSON", b"[" * 100_000),
    ("COCO results", b'{"a":' * 100_000),
    (
        "COCO-VID JSON",
        _coco(annotations=[{"image_id": 1, "category_id": 1, "instance_id": 1, "bbox": [5, 4, 20, -9e18]}]),
    ),
    ("run.json", _run_json(videos=[{"id": "lock nut", "name": "a"}])),
    ("run.json", _run_json(videos=[0.5])),
    ("run.json", _run_json(classes=3)),
    ("MOT list", b"nowhere\n"),
    ("MOT list", b"a" * 70_000),
    ("MOT list", b".\n"),
    ("MOT seqinfo.ini", b"[Sequence]\nimDir=\n"),
    ("MOT seqinfo.ini", b"[Sequence]\nimDir=\xef\xbc\x91\n"),
    ("ILSVRC list, VID", b"train/two 1\na\0b 2\n"),
    ("ILSVRC list, VID", b"train/two --1\n"),
    ("ILSVRC list, VID", b"train/two " + b"7" * 5000 + b"\n"),
    ("ILSVRC list, DET", b"train/more/000000 1\n" + b"a" * 300 + b" 2\n"),
]


@pytest.mark.parametrize(("name", "data"), ONCE, ids=[f"{name} {place}" for place, (name, _) in enumerate(ONCE)])
def test_files_that_once_were_not_survived(tmp_path: Path, name: str, data: bytes) -> None:
    target = TARGETS[name]
    target.prepare(tmp_path)
    kind, message = target.judge(tmp_path, data)
    assert kind == "error", message


def test_a_few_of_each_are_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = [TARGETS[name] for name in ("annotation XML", "CSV results", "XML memory", "JPEG")]
    monkeypatch.setattr(fuzzing, "all_targets", lambda: some)
    monkeypatch.setattr(fuzzing, "is_there", lambda: False)
    faults = list(fuzzing.run(Work(tmp_path, amount=0.001)))
    assert [fault.what for fault in faults] == [f"wrong files: {target.name}" for target in some]
    for fault in faults:
        assert fault.passed, fault.details["failures"]
        assert sum(fault.details["outcomes"].values()) == fault.injected
        json.dumps(fault.details)


def test_what_is_not_survived_is_counted_and_kept(tmp_path: Path) -> None:
    def read(folder: Path) -> None:
        if (folder / "a").read_bytes() == b"1":
            raise KeyError("x")

    target = Target("my reader", "a", lambda: [b"0"], lambda random, seeds: b"%d" % (random.random() < 0.5), read)
    findings = fuzzing.fuzz(target, 0, 40, tmp_path)
    ones = [number for number in range(40) if target.make(0, number) == b"1"]
    assert findings.kinds == {"unexpected": len(ones), "result": 40 - len(ones)}
    assert sorted(int(path.name) for path in (tmp_path / "found/my_reader").iterdir()) == ones
    assert [message.number for message in findings.failures] == [ones[0]]


def test_shares() -> None:
    counts = fuzzing.shares(list(TARGETS.values()), Work(Path()))
    assert counts[TARGETS["JPEG"]] >= 1000
    assert counts[TARGETS["mp4"]] >= 1000
    texts = [count for target, count in counts.items() if target.kind == "text"]
    assert sum(texts) == pytest.approx(100_000, abs=len(texts))
    assert np.min(texts) > 1000


@pytest.mark.slow
def test_coverage_leads_to_files(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    from dnt_d2.soak.fuzz.guided import guide

    (found,) = guide([TARGETS["MOT gt.txt"]], tmp_path, 0, 3)
    assert found.found == []
    assert found.runs > 20
