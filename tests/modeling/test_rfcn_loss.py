"""The detection losses against values worked out by hand, and against loops."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from dnt_d2.modeling.rfcn_loss import RFCNLoss, average_over_pairs

# Two pairs of two frames: 0 has frames 0 and 2, 1 has frames 1 and 3, as the network orders them.
PAIR_OF_FRAME = torch.tensor([0, 1, 0, 1])
CLS = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
BOX = torch.tensor([0.5, 0.0, 1.5, 0.0, 2.0])
FOREGROUND = torch.tensor([True, False, True, False, True])
PAIR = torch.tensor([0, 0, 0, 1, 1])


def test_nothing_is_zero_and_still_has_a_gradient() -> None:
    nothing = torch.zeros(0, requires_grad=True)
    loss = average_over_pairs(nothing, torch.zeros(2), torch.zeros(0, dtype=torch.int64))
    assert loss.item() == 0
    loss.backward()
    assert nothing.grad is not None


@pytest.mark.parametrize("norm", ["rois", "foreground"])
@pytest.mark.parametrize("keep", [0, 16])
def test_no_rois(norm: str, keep: int) -> None:
    nothing, no_pair = torch.zeros(0, requires_grad=True), torch.zeros(0, dtype=torch.int64)
    loss = RFCNLoss(box_norm=norm, rois_per_frame=keep)
    terms = loss(nothing, nothing, torch.zeros(0, dtype=torch.bool), no_pair, PAIR_OF_FRAME)
    assert [v.item() for v in terms.values()] == [0, 0]
    (terms["loss_cls"] + terms["loss_box_reg"]).backward()


def test_average_over_pairs_equals_a_loop() -> None:
    torch.manual_seed(0)
    values, pair, divisor = torch.rand(20), torch.randint(0, 4, (20,)), torch.tensor([3.0, 0.0, 1.0, 7.0, 5.0])
    sums = [sum(v for v, p in zip(values.tolist(), pair.tolist(), strict=True) if p == i) for i in range(5)]
    expected = sum(s / max(d, 1) for s, d in zip(sums, divisor.tolist(), strict=True)) / 5
    assert average_over_pairs(values, divisor, pair).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("norm", "keep", "box"),
    [
        # Two frames a pair, 16 RoIs each: 32, whatever was kept.
        ("rois", 16, ((0.5 + 1.5) / 32 + 2.0 / 32) / 2),
        # Without OHEM, by the RoIs there are: 3 and 2.
        ("rois", 0, (2.0 / 3 + 2.0 / 2) / 2),
        # N_fg: 2 and 1.
        ("foreground", 16, (2.0 / 2 + 2.0 / 1) / 2),
        ("foreground", 0, (2.0 / 2 + 2.0 / 1) / 2),
    ],
)
def test_normalisers(norm: str, keep: int, box: float) -> None:
    terms = RFCNLoss(box_norm=norm, rois_per_frame=keep)(CLS, BOX, FOREGROUND, PAIR, PAIR_OF_FRAME)
    assert terms["loss_cls"].item() == pytest.approx((6.0 / 3 + 9.0 / 2) / 2)
    assert terms["loss_box_reg"].item() == pytest.approx(box)


def test_weights() -> None:
    plain = RFCNLoss()(CLS, BOX, FOREGROUND, PAIR, PAIR_OF_FRAME)
    weighted = RFCNLoss(cls_weight=2.0, box_weight=5.0)(CLS, BOX, FOREGROUND, PAIR, PAIR_OF_FRAME)
    assert weighted["loss_cls"].item() == pytest.approx(2 * plain["loss_cls"].item())
    assert weighted["loss_box_reg"].item() == pytest.approx(5 * plain["loss_box_reg"].item())


@pytest.mark.parametrize("norm", ["rois", "foreground"])
def test_a_batch_is_the_mean_of_its_pairs(norm: str) -> None:
    loss = RFCNLoss(box_norm=norm, rois_per_frame=16)
    whole = loss(CLS, BOX, FOREGROUND, PAIR, PAIR_OF_FRAME)
    alone = [
        loss(CLS[m], BOX[m], FOREGROUND[m], PAIR[m] * 0, torch.zeros(2, dtype=torch.int64))
        for m in (PAIR == 0, PAIR == 1)
    ]
    for name, value in whole.items():
        assert value.item() == pytest.approx(sum(terms[name].item() for terms in alone) / 2)


def smooth_l1(x: float, beta: float) -> float:
    return 0.5 * x * x / beta if abs(x) < beta else abs(x) - 0.5 * beta


@pytest.mark.parametrize("beta", [1.0, 0.25])
def test_per_roi_against_the_formulas(beta: float) -> None:
    torch.manual_seed(1)
    logits, predicted, deltas = torch.randn(6, 4), torch.randn(6, 4), torch.randn(6, 4)
    labels = torch.tensor([0, 3, 1, 2, 3, 0])  # 3 is the background
    cls_loss, box_loss = RFCNLoss(smooth_l1_beta=beta).per_roi(logits, predicted, labels, deltas)
    for i in range(6):
        row = logits[i].tolist()
        cross_entropy = math.log(sum(math.exp(v) for v in row)) - row[int(labels[i])]
        assert cls_loss[i].item() == pytest.approx(cross_entropy, rel=1e-5)
        away: Tensor = predicted[i] - deltas[i]
        expected = sum(smooth_l1(v, beta) for v in away.tolist()) if labels[i] < 3 else 0.0
        assert box_loss[i].item() == pytest.approx(expected, rel=1e-5)


def test_an_unknown_normaliser_is_refused() -> None:
    with pytest.raises(ValueError, match=r"BOX_LOSS_NORM is 'pairs': it must be one of rois, foreground"):
        RFCNLoss(box_norm="pairs")
