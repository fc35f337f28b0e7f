"""Inception-v4 as a trunk: sizes, the original's features away from the borders, dilation, what is frozen, weights."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.layers import ShapeSpec
from detectron2.modeling import build_backbone
from torch import Tensor, nn

from dnt_d2.modeling import InceptionV4, build_inception_v4_backbone
from dnt_d2.modeling.inception_v4 import DilatedMean, pad_to_whole_cells

timm = pytest.importorskip("timm")

CHANNELS = {"res3": 384, "res4": 1024, "res5": 1536}
STRIDES = {"res3": 8, "res4": 16, "res5": 16}


@pytest.fixture(scope="module")
def original(device: torch.device) -> nn.Module:
    """timm's network. Its activations neither vanish nor explode, and its batch norms have statistics to keep."""
    torch.manual_seed(0)
    net = timm.create_model("inception_v4", num_classes=7).eval()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.8, 1.5)
    return net.to(device)


@pytest.fixture(scope="module")
def trunk(original: nn.Module, device: torch.device) -> InceptionV4:
    trunk = InceptionV4().eval()
    trunk.load_weights(original.state_dict())
    return trunk.to(device)


def on_meta(build: Callable[[], Any]) -> Any:
    with torch.device("meta"):
        return build()


def run(blocks: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return blocks(x)


def test_strides_give_whole_cells_of_every_size() -> None:
    """Every remainder of stride 16 in height and width, and what a video's size becomes at the network's input."""
    trunk = on_meta(InceptionV4)
    assert {name: (s.channels, s.stride) for name, s in trunk.output_shape().items()} == {
        name: (CHANNELS[name], STRIDES[name]) for name in CHANNELS
    }
    sizes = [(n, 34 - n) for n in range(1, 18)] + [(600, 1000), (563, 999)]
    for height, width in sizes:
        maps = trunk(torch.zeros(1, 3, height, width, device="meta"))
        assert list(maps) == list(CHANNELS)
        for name, value in maps.items():
            stride = STRIDES[name]
            assert value.shape == (1, CHANNELS[name], -(-height // stride), -(-width // stride)), (height, width)


def test_padding_changes_only_the_borders(original: nn.Module, trunk: InceptionV4) -> None:
    """Up to the last reduction but for the wide Inception-B blocks, whose convolutions were padded all along.

    Without padding, cell i of the first map is centred on pixel 2 i + 1, with it on 2 i. Of a picture without its
    first 11 rows and columns the original sees the same pixels in the same cells, which are then those from the
    ``first`` on of ours, at every one of its reductions.
    """
    torch.manual_seed(1)
    picture = torch.randn(1, 3, 298, 306)
    x, y = picture, picture[..., 11:, 11:]
    for i, (first, reach) in enumerate(
        [(6, 0), (7, 0), (7, 1), (4, 1), (5, 4), (3, 2), (3, 4), (3, 6), (3, 8), (3, 10), (2, 6)]
    ):
        x, y = run(trunk.features[i], x), run(original.features[i], y)
        # ``reach`` cells from a border of the original, its own padding is seen.
        height, width = y.shape[-2:]
        rows, columns = slice(reach, height - reach), slice(reach, width - reach)
        ours = x[..., first : first + height, first : first + width][..., rows, columns]
        theirs = y[..., rows, columns]
        assert min(theirs.shape[-2:]) >= 3
        assert torch.allclose(ours, theirs, atol=1e-4 * float(theirs.abs().max())), i


def test_the_blocks_between_the_reductions_are_untouched(original: nn.Module, trunk: InceptionV4) -> None:
    torch.manual_seed(2)
    for blocks, channels in ((slice(6, 10), 384), (slice(11, 18), 1024)):
        x = torch.rand(1, channels, 9, 11)
        assert torch.allclose(run(trunk.features[blocks], x), run(original.features[blocks], x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(10, 7), (9, 8), (1, 3)])
def test_dilated_conv5_is_the_undilated_one_at_every_second_cell(
    original: nn.Module, trunk: InceptionV4, size: tuple[int, int]
) -> None:
    """Borders included, when the undilated one is padded, too."""
    torch.manual_seed(3)
    x = torch.rand(2, 1024, *size)
    undilated = copy.deepcopy(original.features[18:])
    pad_to_whole_cells(undilated)
    ours, theirs = run(trunk.features[18:], x), run(undilated, x)
    assert ours.shape[-2:] == size
    assert torch.allclose(ours[..., ::2, ::2], theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 6)])
def test_dilated_mean(size: tuple[int, int]) -> None:
    torch.manual_seed(4)
    x = torch.randn(2, 3, *size)
    expected = torch.empty_like(x)
    for i in range(size[0]):
        for j in range(size[1]):
            rows = [r for r in (i - 2, i, i + 2) if 0 <= r < size[0]]
            columns = [c for c in (j - 2, j, j + 2) if 0 <= c < size[1]]
            expected[..., i, j] = torch.stack([x[..., r, c] for r in rows for c in columns]).mean(dim=0)
    assert torch.allclose(DilatedMean(2)(x), expected, atol=1e-6)


@pytest.mark.parametrize(("stages", "frozen"), [(0, 0), (2, 5), (5, 22)])
def test_frozen_stages(stages: int, frozen: int) -> None:
    trunk = on_meta(lambda: InceptionV4(freeze_stages=stages))
    for i, block in enumerate(trunk.features):
        assert all(p.requires_grad == (i >= frozen) for p in block.parameters()), i
    assert not [m for m in trunk.modules() if isinstance(m, nn.BatchNorm2d)]
    with pytest.raises(ValueError, match=r"MODEL\.TIMM\.FREEZE_STAGES is 6: Inception-v4 has 5 stages"):
        on_meta(lambda: InceptionV4(freeze_stages=6))


def test_gradients_reach_what_learns(trunk: InceptionV4) -> None:
    maps = trunk.train()(torch.randn(1, 3, 33, 40))
    sum(value.mean() for value in maps.values()).backward()
    trunk.eval()
    for name, parameter in trunk.named_parameters():
        assert (parameter.grad is not None) == (int(name.split(".")[1]) >= 5), name
    trunk.zero_grad()


# Weights


def test_weights_keep_their_names(original: nn.Module, trunk: InceptionV4) -> None:
    theirs = original.state_dict()
    ours = trunk.state_dict()
    assert set(ours) == {k for k in theirs if k.startswith("features.") and not k.endswith("num_batches_tracked")}
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


def test_weights_of_another_network_are_refused(original: nn.Module) -> None:
    weights = dict(original.state_dict())
    del weights["features.0.conv.weight"]
    with pytest.raises(ValueError, match=r"no weights of timm's inception_v4: 1 of \d+ tensors .* features\.0\.conv"):
        on_meta(InceptionV4).load_weights(weights)


def test_weights_by_config(
    original: nn.Module, trunk: InceptionV4, small_cfg: Callable[..., Any], tmp_path: Path
) -> None:
    torch.save({"state_dict": original.state_dict()}, tmp_path / "inception_v4.pth")
    key = "MODEL.TIMM.WEIGHTS"
    cfg = small_cfg("MODEL.BACKBONE.NAME", "build_inception_v4_backbone", key, f"file:{tmp_path}/inception_v4.pth")
    built = build_backbone(cfg, ShapeSpec(channels=3))
    assert isinstance(built, InceptionV4)
    assert torch.equal(built.features[21].branch0.conv.weight, trunk.features[21].branch0.conv.weight.cpu())
    cfg = small_cfg(key, f"file:{tmp_path}/none.pth")
    with pytest.raises(FileNotFoundError, match=r"there is no file .*none\.pth"):
        build_inception_v4_backbone(cfg, ShapeSpec(channels=3))


def test_a_checkpoint_of_timm_loads_as_model_weights(original: nn.Module, trunk: InceptionV4, tmp_path: Path) -> None:
    """Detectron2 matches names by their ends, when a checkpoint asks for it."""
    torch.save({"model": original.state_dict(), "matching_heuristics": True}, tmp_path / "inception_v4.pth")
    model = nn.Module()
    model.backbone = InceptionV4()
    left = DetectionCheckpointer(model).load(str(tmp_path / "inception_v4.pth"))
    assert "last_linear.weight" not in left
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, trunk.state_dict()[name].cpu()), name
