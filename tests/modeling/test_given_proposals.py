"""dnt_d2/modeling/given_proposals.py: proposals that come with the pictures."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from detectron2.structures import Boxes, Instances

from dnt_d2.modeling.given_proposals import given_proposals

CPU = torch.device("cpu")


def item(number: int, key: str = "proposals") -> dict[str, Any]:
    found = Instances((20, 30))
    found.proposal_boxes = Boxes(torch.arange(4.0 * number).reshape(-1, 4))
    return {"file_name": "a.jpg", key: found}


def test_no_items_and_no_proposals() -> None:
    assert given_proposals([], CPU) == []
    (found,) = given_proposals([item(0)], CPU)
    assert found.proposal_boxes.tensor.shape == (0, 4)


def test_each_item_has_its_own_in_order() -> None:
    both = item(2) | item(1, "next_proposals")
    assert [len(x) for x in given_proposals([both, item(3)], CPU)] == [2, 3]
    assert [len(x) for x in given_proposals([both], CPU, "next_")] == [1]


def test_they_go_to_the_device() -> None:
    (found,) = given_proposals([item(2)], torch.device("meta"))
    assert found.proposal_boxes.tensor.is_meta


@pytest.mark.parametrize("prefix", ["", "next_"])
def test_an_item_without_is_refused_with_the_remedy(prefix: str) -> None:
    items = [item(1, f"{prefix}proposals"), {"file_name": "b.jpg"}]
    with pytest.raises(ValueError, match=rf"^b\.jpg has no '{prefix}proposals', and the .* no RPN .*: set MODEL"):
        given_proposals(items, CPU, prefix)
