"""dnt_d2/weights/convert.py and tools/convert_weights.py: from a file to MODEL.WEIGHTS."""

from __future__ import annotations

import pickle
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import CfgNode
from detectron2.modeling import build_backbone
from torchvision.models.resnet import Bottleneck, ResNet

from dnt_d2.weights import Converted, Report, convert, write_checkpoint
from dnt_d2.weights.network import network_cfg

TOOL = Path(__file__).parents[2] / "tools" / "convert_weights.py"


@pytest.fixture(scope="module")
def resnet() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return ResNet(Bottleneck, [3, 4, 6, 3], width_per_group=8, num_classes=5).state_dict()


def _saved(path: Path, what: Any) -> Path:
    torch.save(what, path)
    return path


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", [str(TOOL), *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(TOOL), run_name="__main__")
    return int(end.value.code or 0)


def test_nothing_is_written_for_an_incomplete_trunk(
    resnet: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    less = {name: x for name, x in resnet.items() if name != "layer3.1.conv2.weight"}
    less["layer2.0.conv3.weight"] = less["layer2.0.conv3.weight"][:5]
    source = _saved(tmp_path / "a.pth", less)
    assert _run(monkeypatch, source, tmp_path / "out.pkl", "--from", "torchvision") == 1
    out, err = capsys.readouterr()
    assert "MISSING in the file: 1: res4.1.conv2.weight" in out
    assert "OF ANOTHER SHAPE: 1: res3.0.conv3.weight (5, 16, 1, 1), the network has (512, 16, 1, 1)" in out
    assert "a.pth: the network is not complete" in err
    assert not (tmp_path / "out.pkl").exists()


def test_the_command(
    resnet: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _saved(tmp_path / "a.pth", resnet)
    assert _run(monkeypatch, source, tmp_path / "out.pkl", "--from", "timm", "--arch", "resnet50") == 0
    out, _ = capsys.readouterr()
    assert "matched: 265 tensors\nleft over (not part of our network): 2: fc.weight, fc.bias\n" in out
    assert "STRIDE_IN_1X1: false" in out
    data = pickle.loads((tmp_path / "out.pkl").read_bytes())
    assert (data["__author__"], data["matching_heuristics"], len(data["model"])) == ("timm", True, 265)
    assert f"WEIGHTS: {tmp_path / 'out.pkl'}" in (tmp_path / "out.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.pth", "out.pkl", "--from", "timm"), "none.pth: there is no such file"),
        (("{a}", "out.pth", "--from", "timm"), "out.pth: the output must end in .pkl"),
        (("{a}", "out.pkl", "--from", "torchvision", "--arch", "x"), "--arch 'x' is for --from timm"),
        (("{a}", "out.pkl", "--from", "timm", "--arch", "no_such_net"), "'no_such_net': timm does not know it"),
        (("{a}", "out.pkl", "--from", "caffe"), "a.pth: broken, or no .caffemodel"),
    ],
)
def test_errors_are_one_sentence(
    resnet: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    source = _saved(tmp_path / "a.pth", resnet)
    assert _run(monkeypatch, *(x.replace("{a}", str(source)) for x in arguments)) == 1
    assert message in capsys.readouterr().err


def test_an_origin_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'keras': it must be one of torchvision, timm, caffe"):
        convert(tmp_path / "a", "keras")


def test_other_networks_are_named_with_the_remedy(tmp_path: Path) -> None:
    source = _saved(tmp_path / "a.pth", {"features.0.weight": torch.ones(1)})
    with pytest.raises(ValueError, match=r"a\.pth: not a ResNet or ResNeXt .* name it with --arch"):
        convert(source, "timm")


def test_parts_that_detectron2_has_not_make_it_incomplete(resnet: dict[str, Any], tmp_path: Path) -> None:
    source = _saved(tmp_path / "a.pth", resnet | {"layer1.0.se.fc1.weight": torch.ones(2, 3, 1, 1)})
    report = convert(source, "timm").report
    assert not report.complete
    assert report.unexpected == ("layer1.0.se.fc1.weight",)


def test_inception_v4_keeps_its_names(tmp_path: Path) -> None:
    arch = "inception_v4"
    with torch.device("meta"):
        state = timm.create_model(arch).state_dict()
    small = {name: torch.zeros((), dtype=torch.float16).expand(x.shape) for name, x in state.items()}
    converted = convert(_saved(tmp_path / "a.pth", small), "timm", arch)
    assert converted.report.complete
    assert converted.report.left_over == ("last_linear.weight", "last_linear.bias")
    assert set(converted.weights) == {
        name for name in state if not name.startswith("last_linear") and not name.endswith("num_batches_tracked")
    }
    assert converted.keys["MODEL.BACKBONE.NAME"] == "build_inception_v4_backbone"
    assert converted.keys["MODEL.PIXEL_MEAN"] == [127.5] * 3
    del small["features.1.conv.weight"]
    lacking = convert(_saved(tmp_path / "a.pth", small), "timm", arch).report
    assert lacking.missing == ("features.1.conv.weight",)


@pytest.mark.parametrize("arch", ["resnet18", "resnet26d", "nf_regnet_b0"])
def test_other_timm_networks_become_trunks(arch: str, tmp_path: Path) -> None:
    """Blocks and stems that Detectron2's ResNet has not, and one that timm renames when it is cut to its stages."""
    torch.manual_seed(0)
    theirs = timm.create_model(arch, num_classes=5).state_dict()
    converted = convert(_saved(tmp_path / "a.pth", theirs), "timm", arch)
    assert converted.report.complete
    assert set(converted.report.left_over) == {name for name in theirs if name.startswith(("fc.", "head."))}
    cfg = network_cfg({})
    cfg.merge_from_file(str(write_checkpoint(converted, tmp_path / "out.pkl")))
    assert ("build_timm_backbone", arch) == (cfg.MODEL.BACKBONE.NAME, cfg.MODEL.TIMM.NAME)
    model = torch.nn.ModuleDict({"backbone": build_backbone(cfg)})
    DetectionCheckpointer(model).load(cfg.MODEL.WEIGHTS)
    plain = {name.replace(".", "_"): x for name, x in theirs.items()}
    loaded = model.state_dict()
    assert len(loaded) == len(converted.report.matched)
    for name, value in loaded.items():
        assert torch.equal(value, plain[name.removeprefix("backbone.body.").replace(".", "_")]), name


def test_timm_networks_that_are_no_trunk_are_refused(tmp_path: Path) -> None:
    source = _saved(tmp_path / "a.pth", {"features.0.weight": torch.ones(1)})
    with pytest.raises(ValueError, match=r"a\.pth: MODEL\.TIMM\.NAME 'vgg11' gives no maps at strides 8, 16, 16"):
        convert(source, "timm", "vgg11")


def test_a_caffe_trunk_alone(write_caffemodel: Callable[..., Path], tmp_path: Path) -> None:
    """A classification network of Caffe has no heads; its trunk has no prefix, as Detectron2's have none."""
    blobs = {"conv1": [np.zeros((4, 3, 7, 7), np.float32)], "fc1000": [np.zeros((5, 8), np.float32)]}
    with pytest.raises(ValueError, match=r"net\.caffemodel: not a ResNet"):
        convert(write_caffemodel(tmp_path / "net.caffemodel", blobs), "caffe")
    for stage, count in ((2, 3), (3, 4), (4, 6), (5, 3)):
        for letter in "abcdef"[:count]:
            blobs[f"res{stage}{letter}_branch2b"] = [np.zeros((4, 4, 3, 3), np.float32)]
            blobs[f"res{stage}{letter}_branch2c"] = [np.zeros((16, 4, 1, 1), np.float32)]
    converted = convert(write_caffemodel(tmp_path / "net.caffemodel", blobs), "caffe")
    assert not converted.report.complete
    assert "stem.conv1.weight" in converted.report.matched
    assert "stem.conv1.norm.running_mean" in converted.report.missing
    assert converted.report.left_over == ("fc1000",)
    assert "MODEL.META_ARCHITECTURE" not in converted.keys


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(pickle, "dump", fail)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(Converted({}, {}, Report(()), "timm"), tmp_path / "out.pkl")
    assert list(tmp_path.iterdir()) == []


def test_detectron2s_imagenet_files_load_as_they_are(
    small_cfg: Callable[..., CfgNode], small_model: Callable[..., Any], tmp_path: Path
) -> None:
    """Names without prefix, a classifier in it, matched by their endings into the whole of D&T."""
    model = small_model(small_cfg())
    rng = np.random.default_rng(0)
    trunk = {
        name.removeprefix("backbone."): rng.normal(size=x.shape).astype(np.float32)
        for name, x in model.state_dict().items()
        if name.startswith("backbone.")
    }
    data = {
        "model": trunk | {"stem.fc.weight": np.zeros((2, 2), np.float32)},
        "__author__": "someone",
        "matching_heuristics": True,
    }
    (tmp_path / "R-50.pkl").write_bytes(pickle.dumps(data))
    heads = {name: x.clone() for name, x in model.state_dict().items() if not name.startswith("backbone.")}
    DetectionCheckpointer(model).load(str(tmp_path / "R-50.pkl"))
    loaded = model.state_dict()
    assert len(trunk) > 200
    assert all(np.array_equal(loaded[f"backbone.{name}"].cpu(), x) for name, x in trunk.items())
    assert all(torch.equal(loaded[name], x) for name, x in heads.items())
