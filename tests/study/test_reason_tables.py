"""dnt_d2/study/reason_tables.py: numbers of all seeds stand in their rows, and what isn't there is not made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dnt_d2.study.reason_tables import (
    alpha_table,
    far_pairs_sentence,
    far_pairs_table,
    motion_sentence,
    motion_table,
    other_frames_table,
    pulls_sentence,
    pulls_table,
)
from dnt_d2.study.results import Study


def test_nothing_measured(tmp_path: Path) -> None:
    study = Study.read(tmp_path)
    assert len(other_frames_table(study).splitlines()) == 5
    assert len(pulls_table(study).splitlines()) == len(motion_table(study).splitlines()) == 2
    assert pulls_sentence(study).endswith("not measured yet.\n")
    assert motion_sentence(study).endswith("not measured yet.\n")
    assert far_pairs_sentence(study).endswith("not measured yet.\n")
    assert len(far_pairs_table(study).splitlines()) == 6
    assert [line.split("|")[3].strip() for line in alpha_table(study).splitlines()[2:]] == [
        "+4.0",
        "- (-, -, -)",
        "- (-, -, -)",
    ]


def test_gradients(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study(["pulls"]))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in pulls_table(study).splitlines()[2:]]
    assert [row[:2] for row in rows] == [
        ["after 300 iterations", "box maps"],
        ["", "all"],
        ["at the end", "box maps"],
        ["", "all"],
    ]
    assert rows[0][2:] == ["0.40 ± 0.00", "0.02 ± 0.01", "0.30 ± 0.00", "−0.02 ± 0.00"]
    assert rows[1][2] == "0.20 ± 0.10"
    assert "is 0.20 times as long as that of detection, and the cosine between them is 0.02" in pulls_sentence(study)


def test_other_frames(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study())
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in other_frames_table(study).splitlines()[2:]]
    assert rows[0][:3] == ["average of t and t + 1", "66.2 ± 1.0", "+0.2 (+0.2, +0.2, +0.2)"]
    assert rows[2][3:] == ["82.0 ± 0.0", "+1.0 (+2.0, +1.0, +0.0)"]


def test_motions(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study(["motion"]))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in motion_table(study).splitlines()[2:]]
    assert [row[:2] for row in rows] == [["val_novel", "1"], ["", "10"], ["val_seen", "1"]]
    assert rows[0][2] == "62.0 ± 1.0 (61.0, 62.0, 63.0)"
    lines = motion_sentence(study).splitlines()
    assert lines[1] == (
        '- `val_novel`, τ = 10: motion without error would add +4.0 points to "no motion"; D&T\'s own adds +2.0 '
        "(+2.0, +2.0, +2.0)."
    )


def test_far_pairs(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study())
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in far_pairs_table(study).splitlines()[2:]]
    assert [row[:2] for row in rows] == [["1", "1"], ["", "3"], ["10", "1"], ["", "3"]]
    assert rows[2][2:7] == ["51.0", "53.0", "55.0", "57.0", "59.0"]  # of the first seed
    assert rows[3][2:7] == ["52.0", "55.0", "58.0", "61.0", "64.0"]
    assert rows[2][7] != rows[3][7]
    assert far_pairs_sentence(study) == (
        '- `val_novel`, τ = 10, seed 1: D&T\'s own tracklets add +2.0 points to "no motion" and +4.0 to scores alone '
        'after training on neighbouring frames, +3.0 points to "no motion" and +6.0 after training on frames 3 apart.\n'
    )


def test_alpha_beside_linking(trial_study: Callable[..., Path]) -> None:
    study = Study.read(trial_study(["alpha"]))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in alpha_table(study).splitlines()[2:]]
    assert rows[0] == ["the paper", "75.8", "+4.0", "below 0.5", "below 12.5%"]
    assert rows[1] == ["val_novel", "55.5 ± 0.0", "+10.0 (+10.0, +10.0, +10.0)", "1.0 ± 0.0 (1.0, 1.0, 1.0)", "10.0%"]
    assert [row[0] for row in rows] == ["the paper", "val_novel", "val_seen"]
