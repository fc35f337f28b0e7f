"""Each part comes after those that it builds on, and does what its file says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.study import parts as module
from dnt_d2.study.commands import Workshop
from dnt_d2.study.design import ABLATIONS, NOVEL, SEEDS, SETS
from dnt_d2.study.parts import Part, plan_parts

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(ROOT, tmp_path, tmp_path)


@pytest.fixture
def parts(shop: Workshop) -> dict[str, Part]:
    return {part.name: part for part in plan_parts(shop)}


def test_every_part_has_its_file_and_its_recipe(shop: Workshop, parts: dict[str, Part]) -> None:
    assert len(parts) == len(plan_parts(shop)) == 6 * len(SEEDS) + 1 + 2 + len(ABLATIONS)
    assert {part.group for part in parts.values()} == {"core", "ablations"}
    assert list(parts)[:3] == ["seed1_D", "seed1_D_longer", "seed1_DnT"]
    assert all(part.recipe for part in parts.values())
    assert list(parts).index("claims") == 6 * len(SEEDS)


def test_comparisons_are_made_anew_when_a_network_is(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {part.name: dict(part.recipe) for part in plan_parts(shop)}
    recipe = module.recipe
    more = {"seed2_DnT": {"more": True}}
    monkeypatch.setattr(module, "recipe", lambda root, t, known: recipe(root, t, known) | more.get(t.name, {}))
    after = {part.name: dict(part.recipe) for part in plan_parts(shop)}
    changed = {name for name, content in before.items() if module.digest(content) != module.digest(after[name])}
    assert {"seed2_DnT", "seed2_variants", "seed2_peers", "seed2_moves", "claims"} <= changed
    assert not {"seed1_variants", "seed3_peers", "linking", "strides"} & changed


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_run: Callable[..., SavedRun]) -> list[Any]:
    """What was trained and passed; every run is the drawn one."""
    noted: list[Any] = []
    run = make_run(tmp_path / "run")

    def passes(shop: Workshop, training: Any, datasets: Any, *rest: Any, **more: Any) -> dict[str, SavedRun]:
        noted.append(("pass", training.name, *rest))
        return dict.fromkeys(datasets, run)

    monkeypatch.setattr(module, "train", lambda shop, training, recipe: noted.append(("train", training.name)) or 1.5)
    monkeypatch.setattr(module, "passes", passes)
    monkeypatch.setattr(module, "measure_run", lambda run, no_motion=False: {"tube": {"AP50": float(no_motion)}})
    monkeypatch.setattr(module, "measure_online", lambda run: {"tube": {"AP50": 2.0}})
    return noted


def test_a_network_is_trained_after_the_one_it_goes_on_from(parts: dict[str, Part], done: list[Any]) -> None:
    content = parts["seed2_D_longer"].work()
    assert done == [("train", "seed2_D"), ("train", "seed2_D_longer"), ("pass", "seed2_D_longer")]
    assert content["results"] == {name: {"tube": {"AP50": 1.0}} for name in SETS}
    assert content["minutes"]["training"] == 1.5
    assert parts["seed2_DnT"].work()["results"][NOVEL] == {"tube": {"AP50": 0.0}}


def test_variants_pass_the_network_where_it_says_something_else(parts: dict[str, Part], done: list[Any]) -> None:
    content = parts["seed1_variants"].work()
    assert list(content["results"]) == ["online", "no_motion", *module.TABLE_1]
    assert [what[2:] for what in done] == [(), *((name,) for name in module.TABLE_1)]
