"""dnt_d2/benchmark/psroi.py: the slow form is right, and the stage measures what it says."""

from __future__ import annotations

import pytest
import torch

from dnt_d2.benchmark.options import Options
from dnt_d2.benchmark.psroi import SCALE, K, make_maps, make_rois, masked_means, measure_psroi
from dnt_d2.layers import ps_roi_pool


def test_no_rois() -> None:
    assert masked_means(torch.zeros(1, K * K, 5, 6), torch.zeros(0, 5), K, SCALE).shape == (0, 1, K, K)


def test_rois_lie_in_the_picture_and_have_all_sizes() -> None:
    rois = make_rois(300, Options())
    assert (rois[:, 0] == 0).all()
    assert (rois[:, 1:3] <= rois[:, 3:]).all()
    assert rois.min() >= 0
    assert (rois.amax(0)[3:] < torch.tensor([1000, 600])).all()
    assert torch.equal(rois, make_rois(300, Options()))


@pytest.mark.parametrize("seed", [0, 1])
def test_masks_give_what_integral_images_give(seed: int) -> None:
    options = Options(seed=seed)
    maps, rois = make_maps(2, options).double(), make_rois(20, options)
    torch.testing.assert_close(masked_means(maps, rois, K, SCALE), ps_roi_pool(maps, rois, K, SCALE))


def test_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnt_d2.benchmark.psroi.copy_rate", lambda device: 1e9)
    monkeypatch.setattr("dnt_d2.benchmark.psroi.HEIGHT", 6)
    stage = measure_psroi(Options(scale=0.02))
    assert len(stage.figures) == len(stage.limits) == 4
    assert {limit.limit for limit in stage.limits} == {1.0}
    assert [scaling.sizes for scaling in stage.scaling] == [(3, 6, 12), (1, 1, 1)]
