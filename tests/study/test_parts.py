"""Each part comes after those that it builds on, and does what its file says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnt_d2.study import part
from dnt_d2.study import parts as module
from dnt_d2.study.commands import Workshop
from dnt_d2.study.design import SEEDS
from dnt_d2.study.part import GROUPS, Part
from dnt_d2.study.parts import plan_parts
from dnt_d2.study.results import PARTS

ROOT = Path(__file__).resolve().parents[2]


def test_every_part_has_its_file_and_its_recipe(shop_of_root: Workshop, study_parts: dict[str, Part]) -> None:
    assert len(study_parts) == len(plan_parts(shop_of_root)) == len(PARTS)
    assert list(dict.fromkeys(part.group for part in study_parts.values())) == list(GROUPS)
    assert list(study_parts)[:3] == ["seed1_D", "seed1_D_longer", "seed1_DnT"]
    assert all(part.recipe for part in study_parts.values())
    assert list(study_parts) == list(PARTS)
    assert list(study_parts).index("claims") == 6 * len(SEEDS)


def test_comparisons_are_made_anew_when_a_network_is(shop_of_root: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {part.name: dict(part.recipe) for part in plan_parts(shop_of_root)}
    recipes, name = part.recipes, "seed2_DnT"

    def changed_recipes(root: Path, known: dict[str, Any]) -> dict[str, Any]:
        found = recipes(root, known)
        return found | {name: {**found[name], "more": True}}

    monkeypatch.setattr(part, "recipes", changed_recipes)
    after = {part.name: dict(part.recipe) for part in plan_parts(shop_of_root)}
    changed = {name for name, content in before.items() if module.digest(content) != module.digest(after[name])}
    assert {"seed2_DnT", "seed2_variants", "seed2_peers", "seed2_moves", "claims"} <= changed
    assert not {"seed1_variants", "seed3_peers", "linking", "strides"} & changed


def test_variants_pass_the_network_where_it_says_something_else(study_parts: dict[str, Part], done: list[Any]) -> None:
    content = study_parts["seed1_variants"].work()
    assert list(content["results"]) == ["online", "no_motion", *module.TABLE_1]
    assert [what[2:] for what in done] == [(), *((name,) for name in module.TABLE_1)]
