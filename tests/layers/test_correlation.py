"""Local correlation against the recorded runs of the authors' layer, and against a plain sum over displacements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from dnt_d2.benchmark import references
from dnt_d2.layers import LocalCorrelation, local_correlation
from dnt_d2.layers.correlation_ops import correlate, correlate_backward

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "correlation").glob("corr_*.npz"))


ON_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.fixture(autouse=True, params=["cpu", pytest.param("cuda", marks=ON_CUDA)])
def device(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every test of this file runs on each device: new tensors are there."""
    with nullcontext() if request.param == "cpu" else torch.device(request.param):
        yield request.param


def shifted_products(x: Tensor, y: Tensor, displacement: int, stride: int = 1, displacement_stride: int = 1) -> Tensor:
    """The definition, with strides: every displacement is computed, and those between the steps are left out."""
    radius = displacement // displacement_stride
    maps = references.shifted_products(x, y, radius * displacement_stride)[:, :, ::stride, ::stride]
    side = 2 * radius * displacement_stride + 1
    return maps.unflatten(1, (side, side))[:, ::displacement_stride, ::displacement_stride].flatten(1, 2)


def random_maps(*shape: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    generator = torch.Generator("cpu").manual_seed(sum(shape))
    x, y = (torch.randn(shape, dtype=torch.float64, generator=generator, device="cpu") for _ in range(2))
    device = torch.empty(0).device
    return x.to(device, dtype).requires_grad_(), y.to(device, dtype).requires_grad_()


def gradients(out: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    weights = torch.sin(torch.arange(out.numel(), dtype=torch.float64)).reshape(out.shape).to(out.dtype)
    return torch.autograd.grad(out, (x, y), weights)


def assert_agrees(x: Tensor, y: Tensor, displacement: int, stride: int = 1, displacement_stride: int = 1) -> None:
    """Output and gradients are those of the definition, in float64."""
    out = local_correlation(x, y, displacement, stride, displacement_stride)
    expected = shifted_products(x, y, displacement, stride, displacement_stride)
    torch.testing.assert_close(out, expected, atol=1e-12, rtol=0)
    for ours, theirs in zip(gradients(out, x, y), gradients(expected, x, y), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)


@pytest.mark.parametrize("shape", [(0, 3, 5, 6), (2, 3, 0, 6), (2, 3, 5, 0)])
def test_empty_maps_have_an_empty_result_and_gradients(shape: tuple[int, ...]) -> None:
    x, y = random_maps(*shape)
    out = local_correlation(x, y, 2, stride=2)
    assert out.shape == (shape[0], 25, -(-shape[2] // 2), -(-shape[3] // 2))
    out.sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert x.grad.shape == y.grad.shape == shape


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_recorded_runs_of_the_authors_layer(path: Path, dtype: torch.dtype) -> None:
    record = np.load(path)
    x, y = (torch.tensor(record[name], dtype=dtype, requires_grad=True) for name in ("feat1", "feat2"))
    strides = int(record["stride_1"]), int(record["stride_2"])
    out = local_correlation(x, y, int(record["max_displacement"]), *strides)
    assert out.dtype == dtype
    tolerance = 1e-5 if dtype == torch.float32 else 1e-9
    np.testing.assert_allclose(out.detach().cpu().numpy(), record["out"], atol=tolerance, rtol=0)
    out.backward(torch.tensor(record["grad_out"], dtype=dtype))
    for tensor, name in (x, "grad_feat1"), (y, "grad_feat2"):  # recorded in float32
        assert tensor.grad is not None
        np.testing.assert_allclose(tensor.grad.cpu().numpy(), record[name], atol=1e-5, rtol=0)


def test_recorded_runs_are_there() -> None:
    assert len(GOLDEN) == 4


@pytest.mark.parametrize(("stride", "displacement_stride"), list(product((1, 2, 3, 4), repeat=2)))
def test_any_strides(stride: int, displacement_stride: int) -> None:
    assert_agrees(*random_maps(2, 3, 11, 38), 5, stride, displacement_stride)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (23, 1), (4, 16), (5, 17), (8, 32), (9, 33), (3, 50)])
def test_any_size_of_map(size: tuple[int, int]) -> None:
    assert_agrees(*random_maps(1, 4, *size), 3)


@pytest.mark.parametrize(("stride", "displacement_stride"), [(1, 1), (2, 1), (1, 2), (3, 2), (2, 3)])
def test_displacements_larger_than_the_map(stride: int, displacement_stride: int) -> None:
    assert_agrees(*random_maps(2, 3, 2, 3), 8, stride, displacement_stride)


def test_displacement_zero_is_the_mean_product_over_channels() -> None:
    x, y = random_maps(2, 5, 6, 7)
    torch.testing.assert_close(local_correlation(x, y, 0), (x * y).mean(1, keepdim=True))
    torch.testing.assert_close(local_correlation(x, y, 1, displacement_stride=2), (x * y).mean(1, keepdim=True))


@pytest.mark.parametrize(("stride", "displacement_stride"), list(product((1, 2), repeat=2)))
def test_gradcheck(stride: int, displacement_stride: int) -> None:
    x, y = random_maps(1, 2, 5, 6)
    assert torch.autograd.gradcheck(lambda a, b: local_correlation(a, b, 2, stride, displacement_stride), (x, y))


def test_gradient_is_not_differentiable_again_and_says_so() -> None:
    x, y = random_maps(1, 2, 3, 3)
    (grad,) = torch.autograd.grad(local_correlation(x, y, 1).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


@pytest.mark.parametrize(("dy", "dx"), [(0, 0), (2, -1), (-4, 3), (4, 4)])
def test_a_shifted_picture_has_its_peak_at_the_shift(dy: int, dx: int) -> None:
    x = F.normalize(random_maps(1, 16, 20, 24)[0].detach(), dim=1)
    y = torch.roll(x, (dy, dx), (2, 3))
    peaks = local_correlation(x, y, 4).argmax(1)[0, 4:-4, 4:-4]
    assert (peaks == (dy + 4) * 9 + (dx + 4)).all()


def test_exchanging_the_maps_turns_displacements_round() -> None:
    x, y = random_maps(1, 3, 9, 10)
    forward, back = local_correlation(x, y, 2)[0], local_correlation(y, x, 2)[0]
    dy, dx = 2, -1
    there, home = (dy + 2) * 5 + (dx + 2), (2 - dy) * 5 + (2 - dx)
    torch.testing.assert_close(forward[there, : 9 - dy, -dx:], back[home, dy:, : 10 + dx])


def test_a_batch_is_the_sum_of_its_pictures() -> None:
    x, y = random_maps(3, 4, 7, 18)
    single = [local_correlation(x[n : n + 1], y[n : n + 1], 3) for n in range(3)]
    torch.testing.assert_close(local_correlation(x, y, 3), torch.cat(single))


def test_layout_of_the_inputs_does_not_matter() -> None:
    x, y = random_maps(2, 4, 7, 18)
    expected = local_correlation(x, y, 3)
    assert expected.is_contiguous()
    torch.testing.assert_close(
        local_correlation(x.to(memory_format=torch.channels_last), y.mT.contiguous().mT, 3), expected
    )
    row = torch.randn(1, 4, 1, 18, dtype=torch.float64).expand(2, 4, 7, 18)
    torch.testing.assert_close(local_correlation(row, y, 3), shifted_products(row, y, 3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_float32(dtype: torch.dtype) -> None:
    x, y = ((30 * tensor.detach()).requires_grad_() for tensor in random_maps(1, 300, 6, 20, dtype=dtype))
    out = local_correlation(x, y, 2)  # sums of 300 * 900 do not fit float16
    assert out.dtype == dtype
    wide = x.detach().double().requires_grad_(), y.detach().double().requires_grad_()
    expected = shifted_products(*wide, 2)
    torch.testing.assert_close(out.double(), expected, atol=1e-3, rtol=torch.finfo(dtype).eps)
    weights = torch.randn_like(out)
    found = torch.autograd.grad(out, (x, y), weights)
    for ours, theirs in zip(found, torch.autograd.grad(expected, wide, weights.double()), strict=True):
        assert ours.dtype == dtype
        torch.testing.assert_close(ours.double(), theirs, atol=1e-5, rtol=torch.finfo(dtype).eps)


def test_autocast_changes_nothing() -> None:
    x, y = random_maps(1, 64, 6, 9, dtype=torch.float32)
    out = local_correlation(x, y, 2)
    with torch.autocast(x.device.type, dtype=torch.bfloat16):
        cast = local_correlation(x, y, 2)
        cast_gradients = gradients(cast, x, y)
    assert cast.dtype == torch.float32
    assert torch.equal(cast, out)
    for ours, theirs in zip(cast_gradients, gradients(out, x, y), strict=True):
        assert torch.equal(ours, theirs)


def test_mixed_precision_gives_the_wider_type() -> None:
    x, y = random_maps(1, 8, 5, 5)
    x, y = x.detach().bfloat16().requires_grad_(), y.detach().float().requires_grad_()
    out = local_correlation(x, y, 1)
    assert out.dtype == torch.float32
    out.sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.dtype, y.grad.dtype) == (torch.bfloat16, torch.float32)


@pytest.mark.parametrize("which", [0, 1])
def test_only_one_map_with_gradient(which: int) -> None:
    maps = random_maps(1, 3, 6, 7)
    expected = gradients(local_correlation(*maps, 2), *maps)[which]
    parts = [tensor.detach() for tensor in maps]
    parts[which].requires_grad_()
    local_correlation(*parts, 2).backward(torch.sin(torch.arange(25 * 42.0, dtype=torch.float64)).reshape(1, 25, 6, 7))
    torch.testing.assert_close(parts[which].grad, expected)
    assert parts[1 - which].grad is None


def test_one_frame_with_itself() -> None:
    x = random_maps(1, 3, 6, 7)[0]
    assert torch.autograd.gradcheck(lambda a: local_correlation(a, a, 1), (x,))


def test_every_cell_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it, CUDA's matrix products refuse
    x, y = random_maps(2, 3, 9, 18)
    torch.use_deterministic_algorithms(True)  # fills new memory with NaN
    try:
        for strides in product((1, 2, 3), repeat=2):
            out = local_correlation(x, y, 4, *strides)
            assert out.isfinite().all()
            assert all(grad.isfinite().all() for grad in gradients(out, x, y))
    finally:
        torch.use_deterministic_algorithms(False)


class Allocations(TorchDispatchMode):
    """Counts the bytes of all memory that operations take, whether they give it back or not."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self.seen: dict[int, Tensor] = {}  # keeps the memory, so that no address comes twice

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        known = {leaf.untyped_storage().data_ptr() for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)}
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if (
                isinstance(leaf, Tensor)
                and (where := leaf.untyped_storage().data_ptr()) not in self.seen.keys() | known
            ):
                self.seen[where] = leaf
                self.bytes += leaf.untyped_storage().nbytes()
        return result


def test_extra_memory_is_below_that_of_inputs_and_output(device: str) -> None:
    if device != "cpu":
        pytest.skip("strips are wider on CUDA, for fewer launches")
    x, y = random_maps(2, 128, 38, 63, dtype=torch.float32)
    with Allocations() as forward:
        out = correlate(x.detach(), y.detach(), 8, 1, 1)  # called as an operator, it would hide what it takes
    results = out.nbytes
    assert results <= forward.bytes <= results + (x.nbytes + y.nbytes + out.nbytes)
    with Allocations() as backward:
        correlate_backward(torch.ones_like(out), x.detach(), y.detach(), 8, 1, 1)
    results = x.nbytes + y.nbytes + out.nbytes  # gradients of the maps, and the ones
    assert results <= backward.bytes <= results + (x.nbytes + y.nbytes + out.nbytes)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("dynamic", [False, True])
def test_torch_compile(backend: str, dynamic: bool) -> None:
    torch.compiler.reset()
    x, y = random_maps(1, 3, 6, 7)
    compiled = torch.compile(LocalCorrelation(2), backend=backend, fullgraph=True, dynamic=dynamic)
    out = compiled(x, y)
    expected = local_correlation(x, y, 2)
    torch.testing.assert_close(out, expected)
    for ours, theirs in zip(gradients(out, x, y), gradients(expected, x, y), strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(("stride", "displacement_stride"), [(1, 1), (2, 2), (2, 3)])
def test_module(stride: int, displacement_stride: int) -> None:
    x, y = random_maps(1, 3, 6, 7)
    module = LocalCorrelation(4, stride, displacement_stride)
    assert torch.equal(module(x, y), local_correlation(x, y, 4, stride, displacement_stride))
    assert module(x, y).shape[1] == module.out_channels
    assert (
        repr(module)
        == f"LocalCorrelation(max_displacement=4, stride={stride}, displacement_stride={displacement_stride})"
    )


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (torch.zeros(1, 2, 3, 4), torch.zeros(1, 2, 3, 5), "one shape"),
        (torch.zeros(2, 3, 4), torch.zeros(2, 3, 4), "one shape"),
        (torch.zeros(1, 0, 3, 4), torch.zeros(1, 0, 3, 4), "without channels"),
        (torch.zeros(1, 2, 3, 4), torch.zeros(1, 2, 3, 4, device="meta"), "one device"),
    ],
)
def test_maps_that_do_not_fit(x: Tensor, y: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        local_correlation(x, y, 1)


def test_integer_maps() -> None:
    with pytest.raises(TypeError, match="floating point"):
        local_correlation(torch.zeros(1, 2, 3, 4, dtype=torch.long), torch.zeros(1, 2, 3, 4), 1)


@pytest.mark.parametrize("parameters", [(-1, 1, 1), (2, 0, 1), (2, 1, 0), (2, -1, 1)])
def test_parameters_out_of_range(parameters: tuple[int, int, int]) -> None:
    maps = torch.zeros(1, 2, 3, 4)
    with pytest.raises(ValueError, match="or more"):
        local_correlation(maps, maps, *parameters)
    with pytest.raises(ValueError, match="or more"):
        LocalCorrelation(*parameters)
