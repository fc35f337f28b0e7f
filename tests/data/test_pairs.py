"""dnt_d2/data/pairs.py: numbers to pairs."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any

import numpy as np
import pytest

from dnt_d2.data import PairDataset
from dnt_d2.data.checked_images import BrokenImage

Dicts = list[dict[str, Any]]


def _echo(frame: dict[str, Any], next_frame: dict[str, Any] | None, *, flip: bool, seed: int) -> dict[str, Any]:
    return {"frame": frame, "next": next_frame, "flip": flip, "seed": seed, "same": frame is next_frame}


def _videos(lengths: list[int]) -> Dicts:
    return [
        {"file_name": f"{v}/{t}", "video_id": v, "frame_index": t, "video_length": n}
        for v, n in enumerate(lengths)
        for t in range(n)
    ]


def _stills(n: int) -> Dicts:
    return [{"file_name": f"s{i}", "video_id": i, "frame_index": 0, "video_length": 1, "still": True} for i in range(n)]


def _dataset(lengths: list[int], stills: int, **changes: Any) -> PairDataset:
    return PairDataset(_videos(lengths), _stills(stills), _echo, **({"seed": 5} | changes))


def test_nothing_to_train_on_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"nothing to train on"):
        _dataset([], 0)


@pytest.mark.parametrize("changes", [{"seed": -1}, {"stride": 0}, {"frames_per_video": -1}])
def test_nonsense_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="need seed >= 0"):
        _dataset([3], 1, **changes)


def test_even_numbers_are_videos_and_odd_ones_stills() -> None:
    dataset = _dataset([4, 1, 9], 5)
    for n in range(60):
        item = dataset[n]
        assert ("still" in item["frame"]) == (n % 2 == 1)
        if n % 2:
            assert item["same"]


def test_one_kind_alone_is_every_item() -> None:
    assert all("still" not in _dataset([4, 6], 0)[n]["frame"] for n in range(20))
    assert all("still" in _dataset([], 3)[n]["frame"] for n in range(20))
    assert {_dataset([], 3)[n]["frame"]["file_name"] for n in range(3)} == {"s0", "s1", "s2"}


def test_pairs_are_tau_apart_in_one_video() -> None:
    for stride in (1, 3):
        dataset = _dataset([4, 6, 9], 2, stride=stride)
        for n in range(0, 200, 2):
            item = dataset[n]
            assert item["frame"]["video_id"] == item["next"]["video_id"]
            assert item["next"]["frame_index"] - item["frame"]["frame_index"] == stride


@pytest.mark.parametrize(("length", "stride"), [(1, 1), (3, 3), (3, 10)])
def test_a_video_too_short_for_a_pair_is_like_a_still(length: int, stride: int) -> None:
    dataset = _dataset([length, 20], 0, stride=stride)
    items = [item for item in (dataset[n] for n in range(80)) if item["frame"]["video_id"] == 0]
    assert all(item["same"] for item in items)
    assert {item["frame"]["frame_index"] for item in items} == set(range(length))


def test_a_stride_longer_than_every_video_is_refused() -> None:
    message = r"INPUT\.PAIR_STRIDE is 4, but in no video .* the longest spans 4 frames; lower the stride"
    with pytest.raises(ValueError, match=message):
        _dataset([1, 4, 3], 2, stride=4)
    # Single frames need no pair; videos of one frame are stills.
    assert _dataset([4], 2, stride=4, pairs=False)[0]["next"] is None
    assert _dataset([1, 1], 2, stride=4)[0]["same"]
    # What counts is the distance of frames, some of which a list may lack.
    sparse = [d for d in _videos([9]) if d["frame_index"] in (0, 8)]
    with pytest.raises(ValueError, match="spans 9 frames"):
        PairDataset(sparse, [], _echo, seed=0)
    assert not PairDataset(sparse, [], _echo, seed=0, stride=8)[0]["same"]


def test_a_frame_that_is_not_listed_makes_no_pair() -> None:
    dicts = [d for d in _videos([6]) if d["frame_index"] != 3]
    dataset = PairDataset(dicts, [], _echo, seed=0)
    starts = {dataset[n]["frame"]["frame_index"] for n in range(100)}
    assert starts == {0, 1, 4}


def test_every_video_once_in_a_round_whatever_its_length() -> None:
    dataset = _dataset([2, 50, 7, 1], 3)
    orders = []
    for epoch in range(20):
        order = [dataset[2 * (4 * epoch + i)]["frame"]["video_id"] for i in range(4)]
        assert sorted(order) == [0, 1, 2, 3]
        orders.append(tuple(order))
        stills = [dataset[2 * (3 * epoch + i) + 1]["frame"]["video_id"] for i in range(3)]
        assert sorted(stills) == [0, 1, 2]
    assert len(set(orders)) > 8


def test_start_frames_and_flips_are_uniform() -> None:
    dataset = _dataset([5], 1)
    picks = [dataset.pick(2 * m) for m in range(2000)]
    counts = Counter(pick.frame for pick in picks)
    assert set(counts) == {0, 1, 2, 3}
    # 500 expected, deviation 19; 1000 flips, deviation 22.
    assert max(abs(count - 500) for count in counts.values()) < 90
    assert abs(sum(pick.flip for pick in picks) - 1000) < 100
    assert len({pick.seed for pick in picks}) > 1990


def test_an_item_is_a_function_of_its_number() -> None:
    one, other = _dataset([4, 1, 9, 30], 5), _dataset([4, 1, 9, 30], 5)
    numbers = np.random.default_rng(0).permutation(300)
    picks = {int(n): one.pick(int(n)) for n in numbers}
    assert all(other.pick(n) == picks[n] == one.pick(n) for n in range(300))
    assert one.pick(10**9) == other.pick(10**9)
    another_seed = _dataset([4, 1, 9, 30], 5, seed=6)
    assert sum(another_seed.pick(n) == picks[n] for n in range(300)) < 30


def test_it_survives_pickling() -> None:
    dataset = _dataset([4, 9], 5)
    dataset.pick(3)
    copy = pickle.loads(pickle.dumps(dataset))
    assert [copy[n] for n in range(30)] == [dataset[n] for n in range(30)]


def test_evenly_spaced_frames() -> None:
    dataset = _dataset([100, 3], 0, frames_per_video=10, pairs=False)
    starts = {(p["frame"]["video_id"], p["frame"]["frame_index"]) for p in (dataset[n] for n in range(400))}
    assert starts == {(0, 5 + 10 * i) for i in range(10)} | {(1, t) for t in range(3)}
    # In pairs the last frame has no next one.
    dataset = _dataset([3], 0, frames_per_video=10)
    assert {dataset[n]["frame"]["frame_index"] for n in range(50)} == {0, 1}
    dataset = _dataset([100], 0, frames_per_video=1, stride=60)  # frame 50 has no frame 110, others do
    assert {dataset[n]["frame"]["frame_index"] for n in range(500)} == set(range(40))


def test_single_frames_have_no_next() -> None:
    dataset = _dataset([4], 2, pairs=False)
    items = [dataset[n] for n in range(80)]
    assert all(item["next"] is None for item in items)
    assert {item["frame"]["frame_index"] for item in items[::2]} == {0, 1, 2, 3}


def test_joined_data_sets_may_use_the_same_video_ids() -> None:
    joined = [d | {"dataset": name} for name in ("a", "b") for d in _videos([3, 2])]
    dataset = PairDataset(joined, [], _echo, seed=0)
    for n in range(60):
        item = dataset[n]
        assert item["frame"]["dataset"] == item["next"]["dataset"]
    first_round = {(dataset[n]["frame"]["dataset"], dataset[n]["frame"]["video_id"]) for n in range(4)}
    assert len(first_round) == 4


def test_a_mapper_must_return_an_item() -> None:
    dataset = PairDataset(_videos([2]), [], lambda *_, **__: None, seed=0)  # type: ignore[arg-type,return-value]
    with pytest.raises(ValueError, match="the mapper returned None"):
        dataset[0]


class Broken:
    """A mapper to which some files are broken."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def __call__(self, frame: dict[str, Any], next_frame: dict[str, Any] | None, **kwargs: Any) -> dict[str, Any]:
        for one in (frame, next_frame or frame):
            if one["file_name"] in self.names:
                raise BrokenImage(f"{one['file_name']}: broken", one["file_name"])
        return _echo(frame, next_frame, **kwargs)


def _broken(names: set[str], **changes: Any) -> PairDataset:
    return PairDataset(_videos([5, 1, 9]), _stills(6), Broken(names), **({"seed": 5, "skip_faults": True} | changes))


def test_where_nothing_is_broken_items_are_those_of_the_other_policy() -> None:
    one, other = _broken(set()), _broken(set(), skip_faults=False)
    assert [one[n] for n in range(100)] == [other[n] for n in range(100)]


def test_a_broken_image_is_an_error_without_the_policy() -> None:
    with pytest.raises(BrokenImage, match="s0: broken"):
        [_broken({"s0"}, skip_faults=False)[n] for n in range(30)]


@pytest.mark.parametrize("pairs", [True, False])
def test_broken_items_are_drawn_again_and_the_others_stay(pairs: bool) -> None:
    names = {"0/2", "2/0", "2/5", "s1", "s4"}
    whole, dataset = _broken(set(), pairs=pairs), _broken(names, pairs=pairs)
    counted = Counter()
    for n in np.random.default_rng(1).permutation(400).tolist():  # in any order: a resumed run begins anywhere
        item, before = dataset[n], whole[n]
        used = {x["file_name"] for x in (before["frame"], before["next"]) if x is not None}
        assert ("still" in item["frame"]) == (n % 2 == 1)
        assert ("skipped" in item) == bool(used & names)
        if "skipped" not in item:
            assert item == before
            continue
        assert {item["frame"]["file_name"], (item["next"] or item["frame"])["file_name"]}.isdisjoint(names)
        paths = [skip.path for skip in item["skipped"]]
        assert paths[0] in used
        assert len(set(paths)) == len(paths)
        assert set(paths) <= names
        counted[item["frame"]["video_id"] == before["frame"]["video_id"], n % 2] += 1
    assert counted[True, 0] > 4 * counted[False, 0]  # mostly from its own video
    assert counted[False, 1] > 4 * counted[True, 1]  # a still has no other picture


def test_what_is_drawn_again_depends_on_seed_number_and_files_alone() -> None:
    names = {"0/1", "0/3", "2/4", "s2"}
    one, other = _broken(names), pickle.loads(pickle.dumps(_broken(names)))
    assert [one[n] for n in range(200)] == [other[n] for n in reversed(range(200))][::-1]
    assert any(one[n] != _broken(names, seed=6)[n] for n in range(20))


def test_too_many_broken_files_end_it() -> None:
    dataset = _broken({f"s{i}" for i in range(6)})
    assert "skipped" not in dataset[0]
    with pytest.raises(ValueError, match=r"item 1 was drawn 32 times.*check_dataset\.py.*s\d: broken"):
        dataset[1]


def test_other_errors_are_no_faults() -> None:
    dataset = PairDataset(_videos([3]), [], lambda *_, **__: 1 / 0, seed=0, skip_faults=True)  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        dataset[0]
