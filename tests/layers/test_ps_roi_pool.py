"""Position-sensitive RoI pooling against recorded runs of Caffe's layer, and against plain loops over cells."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from dnt_d2.layers import PSRoIPool, ps_roi_pool

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "psroi").glob("psroi_*.npz"))


def round_away(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


def bin_cells(low: float, high: float, k: int, scale: float, limit: int) -> list[range]:
    """The cells of each bin along one axis, step by step in float32."""
    scale32 = np.float32(scale)
    start = np.float32(round_away(low)) * scale32
    end = np.float32(round_away(high) + 1) * scale32
    size = max(end - start, np.float32(0.1)) / np.float32(k)
    first = [math.floor(np.float32(n) * size + start) for n in range(k)]
    last = [math.ceil(np.float32(n + 1) * size + start) for n in range(k)]
    return [range(min(max(a, 0), limit), min(max(b, 0), limit)) for a, b in zip(first, last, strict=True)]


def loops(maps: Tensor, rois: Tensor, k: int, scale: float) -> Tensor:
    """The definition, cell by cell; autograd gives its gradient."""
    outputs, (height, width) = maps.shape[1] // k**2, maps.shape[2:]
    result = []
    for picture, x1, y1, x2, y2 in rois.tolist():
        rows, columns = bin_cells(y1, y2, k, scale, height), bin_cells(x1, x2, k, scale, width)
        for d in range(outputs):
            for row in range(k):
                for col in range(k):
                    channel = maps[int(picture), (d * k + row) * k + col]
                    cells = [channel[i, j] for i in rows[row] for j in columns[col]]
                    result.append(torch.stack(cells).mean() if cells else maps.new_zeros(()))
    return torch.stack(result).reshape(len(rois), outputs, k, k)


def random_maps(count: int, outputs: int, k: int, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(height * width)
    maps = torch.randn(count, outputs * k * k, height, width, dtype=torch.float64, generator=generator)
    return maps.requires_grad_()


def random_rois(number: int, count: int, height: float, width: float, seed: int = 0) -> Tensor:
    """Corners in and around the image, in no order: many RoIs are inverted or outside; many corners are halves."""
    generator = torch.Generator().manual_seed(seed)
    corners = (torch.rand(number, 4, generator=generator) * 1.6 - 0.3) * torch.tensor([width, height, width, height])
    corners[::2] = (corners[::2] * 2).round() / 2
    pictures = torch.randint(0, count, (number, 1), generator=generator)
    return torch.cat([pictures.float(), corners], dim=1)


DEGENERATE = torch.tensor(
    [
        [0, 8, 8, 8, 8],  # a point
        [0, 8, 8, 7, 7],  # empty: x2 = x1 - 1
        [0, 40, 30, 10, 5],  # inverted
        [0, -90, -90, -40, -40],  # outside, on each side
        [0, 500, 20, 600, 40],
        [0, 20, 500, 30, 600],
        [0, -500, -500, 500, 500],  # far beyond all sides
        [0, 0, 0, 95, 63],  # the whole image
        [0, 79.5, 47.5, 95, 63],  # the last cells
        [0, -0.5, -0.5, 0.5, 0.5],  # halves, away from zero
        [0, 0.49999997, 2.5, 1.5, 3.5],  # rounds to 0, though adding a half gives 1 in float32
        [0, -1e30, -1e30, 1e30, 1e30],
    ]
)


def test_no_rois_give_an_empty_result_with_a_gradient() -> None:
    maps = random_maps(2, 3, 2, 5, 6)
    out = ps_roi_pool(maps, torch.zeros(0, 5), 2, 0.25)
    assert out.shape == (0, 3, 2, 2)
    out.sum().backward()
    assert maps.grad is not None
    assert (maps.grad == 0).all()


def test_no_pictures_and_no_rois() -> None:
    maps = torch.zeros(0, 12, 5, 6, requires_grad=True)
    ps_roi_pool(maps, torch.zeros(0, 5), 2, 0.25).sum().backward()
    assert maps.grad is not None


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_recorded_runs_of_caffes_layer(path: Path) -> None:
    record = np.load(path)
    maps, rois = torch.tensor(record["data"], requires_grad=True), torch.tensor(record["rois"])
    out = PSRoIPool(int(record["group_size"]), float(record["spatial_scale"]))(maps, rois)
    assert out.dtype == torch.float32
    np.testing.assert_allclose(out.detach().cpu().numpy(), record["out"], atol=1e-5, rtol=0)
    out.backward(torch.tensor(record["grad_out"]))
    assert maps.grad is not None
    np.testing.assert_allclose(maps.grad.cpu().numpy(), record["grad_data"], atol=1e-5, rtol=0)


def test_recorded_runs_are_there() -> None:
    assert len(GOLDEN) == 4


@pytest.mark.parametrize(
    ("k", "scale", "height", "width"), [(3, 1 / 16, 4, 6), (2, 0.25, 9, 11), (1, 1.0, 8, 8), (3, 0.3, 5, 2)]
)
def test_random_rois(k: int, scale: float, height: int, width: int) -> None:
    maps = random_maps(2, 2, k, height, width)
    rois = random_rois(60, 2, height / scale, width / scale)
    assert_agrees(maps, rois, k, scale)


@pytest.mark.parametrize("k", [1, 2, 7])
def test_degenerate_rois(k: int) -> None:
    assert_agrees(random_maps(1, 1, k, 4, 6), DEGENERATE, k, 1 / 16)


def assert_agrees(maps: Tensor, rois: Tensor, k: int, scale: float) -> None:
    out, expected = ps_roi_pool(maps, rois, k, scale), loops(maps, rois, k, scale)
    torch.testing.assert_close(out, expected, atol=1e-12, rtol=0)
    weights = torch.sin(torch.arange(out.numel(), dtype=torch.float64)).reshape(out.shape)
    (ours,), (theirs,) = (torch.autograd.grad(result, maps, weights) for result in (out, expected))
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)


def test_bins_without_cells_are_zero() -> None:
    maps = torch.full((1, 4, 4, 6), 1e9)
    out = ps_roi_pool(maps, DEGENERATE[3:6], 2, 1 / 16)
    assert (out == 0).all()


def test_the_last_row_and_column_are_read() -> None:
    maps = torch.zeros(1, 1, 4, 6)
    maps[..., 3, 5] = 24.0
    assert ps_roi_pool(maps, torch.tensor([[0, 0, 0, 95.0, 63.0]]), 1, 1 / 16).item() == 1.0


def test_each_bin_reads_its_own_map() -> None:
    channels = torch.arange(2.0 * 9)
    maps = channels[None, :, None, None].expand(1, 18, 8, 8)
    out = ps_roi_pool(maps, torch.tensor([[0, 3, 5, 100.0, 90.0]]), 3, 1 / 16)
    assert torch.equal(out, channels.reshape(1, 2, 3, 3))


def test_gradcheck() -> None:
    maps, rois = random_maps(2, 2, 2, 4, 5), random_rois(6, 2, 64, 80, seed=1)
    # On a GPU gradients are added in any order, so two passes differ in the last digits.
    assert torch.autograd.gradcheck(lambda m: ps_roi_pool(m, rois, 2, 1 / 16), (maps,), nondet_tol=1e-12)


def test_gradient_is_not_differentiable_again_and_says_so() -> None:
    maps, rois = random_maps(1, 1, 2, 4, 5), DEGENERATE[7:8]
    (grad,) = torch.autograd.grad(ps_roi_pool(maps, rois, 2, 1 / 16).square().sum(), maps, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


def test_rois_have_no_gradient() -> None:
    maps, rois = random_maps(1, 1, 2, 4, 5), DEGENERATE[7:8].clone().requires_grad_()
    ps_roi_pool(maps, rois, 2, 1 / 16).sum().backward()
    assert rois.grad is None


def test_permuted_rois_give_permuted_results() -> None:
    maps, rois = random_maps(2, 3, 3, 4, 6), random_rois(40, 2, 64, 96)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ps_roi_pool(maps, rois[order], 3, 1 / 16), ps_roi_pool(maps, rois, 3, 1 / 16)[order])


def test_the_batch_index_is_honoured() -> None:
    maps, rois = random_maps(3, 2, 3, 4, 6), random_rois(30, 3, 64, 96)
    out = ps_roi_pool(maps, rois, 3, 1 / 16)
    for picture in range(3):
        chosen = rois[:, 0] == picture
        alone = torch.cat([torch.zeros(int(chosen.sum()), 1), rois[chosen, 1:]], dim=1)
        torch.testing.assert_close(out[chosen], ps_roi_pool(maps[picture : picture + 1], alone, 3, 1 / 16))


def test_layout_and_precision_of_the_inputs_do_not_matter() -> None:
    maps, rois = random_maps(2, 2, 3, 4, 6), random_rois(30, 2, 64, 96)
    expected = ps_roi_pool(maps, rois, 3, 1 / 16)
    assert expected.is_contiguous()
    torch.testing.assert_close(
        ps_roi_pool(maps.to(memory_format=torch.channels_last), rois.double(), 3, 1 / 16), expected
    )
    assert_agrees(maps[:, :9], rois, 3, 1 / 16)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_sums_are_wider_than_the_maps(dtype: torch.dtype) -> None:
    maps, rois = random_maps(1, 2, 2, 38, 63).detach().to(dtype).requires_grad_(), DEGENERATE[6:9]
    wide = maps.detach().double().requires_grad_()
    out, expected = ps_roi_pool(maps, rois, 2, 1 / 16), ps_roi_pool(wide, rois, 2, 1 / 16)
    assert out.dtype == dtype
    assert torch.equal(out, expected.to(dtype))
    out.float().square().sum().backward()
    expected.backward(2 * out.double())
    assert maps.grad is not None
    assert maps.grad.dtype == dtype
    torch.testing.assert_close(maps.grad.double(), wide.grad, atol=1e-7, rtol=torch.finfo(dtype).eps)


def test_autocast_changes_nothing() -> None:
    maps, rois = random_maps(1, 2, 2, 4, 6).detach().float(), DEGENERATE
    with torch.autocast(maps.device.type, dtype=torch.bfloat16):
        out = ps_roi_pool(maps, rois, 2, 1 / 16)
    assert torch.equal(out, ps_roi_pool(maps, rois, 2, 1 / 16))


def test_torch_compile() -> None:
    torch.compiler.reset()
    maps, rois = random_maps(1, 2, 2, 4, 6), DEGENERATE
    out = torch.compile(PSRoIPool(2, 1 / 16), backend="eager")(maps, rois)
    expected = ps_roi_pool(maps, rois, 2, 1 / 16)
    torch.testing.assert_close(out, expected)
    (ours,), (theirs,) = (torch.autograd.grad(result.square().sum(), maps) for result in (out, expected))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(
    ("maps", "rois", "message"),
    [
        (torch.zeros(1, 10, 4, 4), torch.zeros(1, 5), r"\(N, D \* 4, H, W\)"),
        (torch.zeros(1, 0, 4, 4), torch.zeros(1, 5), r"\(N, D \* 4, H, W\)"),
        (torch.zeros(8, 4, 4), torch.zeros(1, 5), r"\(N, D \* 4, H, W\)"),
        (torch.zeros(1, 8, 4, 4), torch.zeros(1, 4), r"\(R, 5\)"),
        (torch.zeros(1, 8, 4, 4), torch.zeros(5), r"\(R, 5\)"),
        (torch.zeros(1, 8, 4, 4), torch.zeros(1, 5, device="meta"), "one device"),
        (
            torch.zeros(2, 8, 4, 4),
            torch.tensor([[0.0, 0, 0, 1, 1], [2, 0, 0, 1, 1]]),
            "pictures 0 to 2 of a batch of 2",
        ),
        (torch.zeros(2, 8, 4, 4), torch.tensor([[-1.0, 0, 0, 1, 1]]), "pictures -1 to -1"),
        (torch.zeros(1, 8, 4, 4), torch.tensor([[0.0, 0, math.nan, 1, 1]]), "finite"),
    ],
)
def test_inputs_that_do_not_fit(maps: Tensor, rois: Tensor, message: str) -> None:
    """On the CPU: on a GPU the values are not looked at, and a wrong index would end the process's use of it."""
    with pytest.raises(ValueError, match=message):
        ps_roi_pool(maps.cpu(), rois if rois.is_meta else rois.cpu(), 2, 1 / 16)


def test_integer_inputs() -> None:
    with pytest.raises(TypeError, match="floating point"):
        ps_roi_pool(torch.zeros(1, 8, 4, 4), torch.zeros(1, 5, dtype=torch.long), 2, 1 / 16)


@pytest.mark.parametrize(("output_size", "spatial_scale"), [(0, 1.0), (-2, 1.0), (2, 0.0), (2, -1.0), (2, math.nan)])
def test_parameters_out_of_range(output_size: int, spatial_scale: float) -> None:
    with pytest.raises(ValueError, match=r"must be"):
        PSRoIPool(output_size, spatial_scale)


def test_module_says_what_it_is() -> None:
    assert repr(PSRoIPool(7, 1 / 16)) == "PSRoIPool(output_size=7, spatial_scale=0.0625)"
