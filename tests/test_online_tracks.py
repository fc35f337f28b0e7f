"""dnt_d2/online_tracks.py: which of the tubes are shown, and under which number."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.frame_result import Tracked
from dnt_d2.online_tracks import OnlineTracks
from dnt_d2.tubes.collector import TubeSettings
from dnt_d2.tubes.online import OnlineLinker

NONE = np.zeros((0, 8))
LEFT, RIGHT = [0.0, 0, 40, 40], [100.0, 0, 140, 40]


def step(tracks: OnlineTracks, *rows: tuple[list[float], float]) -> Tracked:
    """A frame of one class: (box, score) each."""
    boxes = np.array([box for box, _ in rows]).reshape(-1, 4)
    return tracks.step(boxes, np.array([[score] for _, score in rows]).reshape(-1, 1), NONE)


def test_an_empty_frame() -> None:
    found = step(OnlineTracks(TubeSettings(), 0.3))
    assert [len(part) for part in map(np.asarray, found)] == [0] * 5


def test_tracks_are_numbered_as_they_are_first_shown() -> None:
    """The left object is there from the start, but becomes strong later than the right one."""
    tracks = OnlineTracks(TubeSettings(online_youth=0), 0.5)
    assert np.asarray(step(tracks, (LEFT, 0.1), (RIGHT, 0.8)).track_ids).tolist() == [1]
    found = step(tracks, (LEFT, 0.9), (RIGHT, 0.8))
    assert np.asarray(found.track_ids).tolist() == [1, 2]
    np.testing.assert_allclose(found.boxes, [RIGHT, LEFT])  # in the order of the numbers
    np.testing.assert_allclose(found.raw_scores, [0.8, 0.9])
    np.testing.assert_allclose(found.scores, [0.8, 0.9])  # (0.9 + the better of 0.1 and 0.9) / 2


def test_a_weak_frame_hides_a_track_only_where_it_is_very_weak() -> None:
    """A single threshold would let it flicker: below the score it stays, below half of it it goes, until the score."""
    tracks = OnlineTracks(TubeSettings(online_youth=0, top_fraction=1.0), 0.6)
    seen = []
    for score in (0.5, 0.7, 0.3, 0.0, 0.0, 0.3, 0.3, 1.0, 1.0, 0.5):
        found = step(tracks, (LEFT, score))
        seen.append((round(float(np.asarray(tracks._linker._store.gains)[0, 0] + score) / 2, 2), len(found.track_ids)))
    values, shown = zip(*seen, strict=True)
    assert values == (0.5, 0.65, 0.4, 0.19, 0.15, 0.3, 0.3, 0.69, 0.73, 0.48)
    assert shown == (0, 1, 1, 0, 0, 0, 0, 1, 1, 1)
    assert np.asarray(found.track_ids).tolist() == [1]


def test_a_track_without_a_box_for_a_frame_stays_shown() -> None:
    tracks = OnlineTracks(TubeSettings(online_youth=0, top_fraction=1.0), 0.6)
    step(tracks, (LEFT, 0.9))
    assert np.asarray(step(tracks).track_ids).tolist() == []
    assert np.asarray(step(tracks, (LEFT, 0.2)).track_ids).tolist() == [1]


def test_a_track_that_ended_comes_back_under_another_number() -> None:
    tracks = OnlineTracks(TubeSettings(online_patience=1), 0.0)
    assert np.asarray(step(tracks, (LEFT, 0.9)).track_ids).tolist() == [1]
    step(tracks)
    assert np.asarray(step(tracks, (LEFT, 0.9)).track_ids).tolist() == [1]
    step(tracks)
    step(tracks)
    assert np.asarray(step(tracks, (LEFT, 0.9)).track_ids).tolist() == [2]


def test_numbers_of_tubes_that_ended_are_forgotten() -> None:
    """A stream without end is held in constant memory."""
    tracks = OnlineTracks(TubeSettings(online_patience=0), 0.0)
    for t in range(50):
        found = step(tracks, ([200.0 * t, 0, 200.0 * t + 40, 40], 0.9))
        assert np.asarray(found.track_ids).tolist() == [t + 1]
        assert len(tracks._shown) == 1


@pytest.mark.parametrize("name", ["nms_iou", "top_k", "link_iou", "top_fraction", "online_patience", "online_youth"])
def test_every_setting_reaches_the_linker(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, float]] = []
    linker = OnlineLinker.__init__

    def spy(self: OnlineLinker, **settings: float) -> None:
        given.append(settings)
        linker(self, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(OnlineLinker, "__init__", spy)
    OnlineTracks(TubeSettings(**{name: 1}), 0.3)  # type: ignore[arg-type]
    assert given[0][name.removeprefix("online_")] == 1
