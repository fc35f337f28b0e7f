"""dnt_d2/weights/caffe_rfcn.py: our network says of two frames what Caffe's layers would say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import CfgNode, get_cfg
from detectron2.modeling import build_model
from detectron2.structures import Boxes, Instances

from dnt_d2 import add_dnt_config
from dnt_d2.modeling import VideoStream
from dnt_d2.weights import convert, write_checkpoint
from dnt_d2.weights.caffe_rfcn import authors_keys, convert_layers, trunk_name

CONFIGS = Path(__file__).parents[2] / "configs" / "authors"
MEAN = np.array([103.06, 115.90, 123.15])[:, None, None]
K, CLASSES, REACH = 3, 3, 2
BLOCKS = {2: "abc", 3: "abcd", 4: "abcdef", 5: "abc"}
Layers = dict[str, list[np.ndarray]]


def _layers(seed: int = 0, track: bool = True) -> Layers:
    """ResNet-50 of the authors' names with a sixteenth of the channels, and heads for three classes."""
    rng = np.random.default_rng(seed)
    layers: Layers = {}

    def conv(name: str, out: int, into: int, size: int, gain: float, bias: bool = False) -> None:
        weight = rng.normal(scale=gain / (into * size**2) ** 0.5, size=(out, into, size, size))
        layers[name] = [weight, rng.normal(scale=0.5, size=out)] if bias else [weight]

    def norm(suffix: str, channels: int, gain: float) -> None:
        factor = 999.98
        mean, variance = rng.normal(scale=0.2, size=channels), rng.uniform(0.5, 2, size=channels)
        layers[f"bn{suffix}"] = [mean * factor, variance * factor, np.array([factor])]
        layers[f"scale{suffix}"] = [gain * rng.uniform(0.7, 1.3, channels), rng.normal(scale=0.2, size=channels)]

    conv("conv1", 4, 3, 7, 0.03, bias=True)  # the pictures are in 0..255; ResNet-50 has a bias here
    norm("_conv1", 4, 1.0)
    into = 4
    for stage, letters in BLOCKS.items():
        width = 4 * 2 ** (stage - 2)
        for letter in letters:
            at = f"{stage}{letter}_branch"
            if letter == "a":
                conv(f"res{at}1", 4 * width, into, 1, 1.0)
                norm(f"{at}1", 4 * width, 1.0)
            for part, (out, inner, size) in {
                "2a": (width, into, 1),
                "2b": (width, width, 3),
                "2c": (4 * width, width, 1),
            }.items():
                conv(f"res{at}{part}", out, inner, size, 1.4)
                norm(f"{at}{part}", out, 0.5 if part == "2c" else 1.0)
            into = 4 * width
    conv("conv_new_1", 12, into, 3, 1.4, bias=True)
    conv("rfcn_cls_ILSVRCvid", (CLASSES + 1) * K * K, 12, 1, 2.0, bias=True)
    conv("rfcn_bbox", 8 * K * K, 12, 1, 0.3, bias=True)
    if track:
        channels = 2 * 8 * K * K + 2 * (2 * REACH + 1) ** 2 + (REACH // 2 * 2 + 1) ** 2
        conv("rfcn_disp", 8 * K * K, channels, 1, 0.3, bias=True)
    return {name: [x.astype(np.float32) for x in blobs] for name, blobs in layers.items()}


# From here on: Caffe's layers, one after the other, in NumPy.


def _convolve(x: np.ndarray, blobs: list[np.ndarray], stride: int = 1, pad: int = 0, dilation: int = 1) -> np.ndarray:
    weight = blobs[0].astype(np.float64)
    size = weight.shape[2]
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    height, width = ((n + 2 * pad - dilation * (size - 1) - 1) // stride + 1 for n in x.shape[1:])
    out = np.zeros((len(weight), height, width))
    for i in range(size):
        for j in range(size):
            rows = slice(i * dilation, i * dilation + stride * (height - 1) + 1, stride)
            columns = slice(j * dilation, j * dilation + stride * (width - 1) + 1, stride)
            out += np.tensordot(weight[:, :, i, j], padded[:, rows, columns], 1)
    return out + (blobs[1][:, None, None] if len(blobs) > 1 else 0)


def _normalise(x: np.ndarray, layers: Layers, suffix: str) -> np.ndarray:
    mean, variance, factor = layers[f"bn{suffix}"]
    scale, shift = layers[f"scale{suffix}"]
    x = (x - (mean / factor)[:, None, None]) / np.sqrt(variance / factor + 1e-5)[:, None, None]
    return x * scale[:, None, None] + shift[:, None, None]


def _max_pool(x: np.ndarray) -> np.ndarray:
    height, width = (-(-(n - 3) // 2) + 1 for n in x.shape[1:])
    out = np.empty((len(x), height, width))
    for i in range(height):
        for j in range(width):
            out[:, i, j] = x[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max(axis=(1, 2))
    return out


def _block(x: np.ndarray, layers: Layers, at: str, stride: int, dilation: int) -> np.ndarray:
    def part(y: np.ndarray, branch: str, **how: int) -> np.ndarray:
        return _normalise(_convolve(y, layers[f"res{at}_branch{branch}"], **how), layers, f"{at}_branch{branch}")

    y = np.maximum(part(x, "2a", stride=stride), 0)
    y = np.maximum(part(y, "2b", pad=dilation, dilation=dilation), 0)
    shortcut = part(x, "1", stride=stride) if at.endswith("a") else x
    return np.maximum(part(y, "2c") + shortcut, 0)


class _Frame(NamedTuple):
    features: dict[int, np.ndarray]
    cls: np.ndarray
    box: np.ndarray


def _frame(picture: np.ndarray, layers: Layers) -> _Frame:
    x = np.maximum(_normalise(_convolve(picture - MEAN, layers["conv1"], 2, 3), layers, "_conv1"), 0)
    x, features = _max_pool(x), {}
    for stage, letters in BLOCKS.items():
        for letter in letters:
            stride = 2 if letter == "a" and stage in (3, 4) else 1
            x = _block(x, layers, f"{stage}{letter}", stride, 2 if stage == 5 else 1)
        features[stage] = x
    reduced = np.maximum(_convolve(x, layers["conv_new_1"], pad=6, dilation=6), 0)
    return _Frame(features, _convolve(reduced, layers["rfcn_cls_ILSVRCvid"]), _convolve(reduced, layers["rfcn_bbox"]))


def _correlate(x: np.ndarray, y: np.ndarray, stride: int) -> np.ndarray:
    """Displacements in steps of the stride, too; the vertical one is the slow index."""
    reach = REACH // stride
    padded = np.pad(y, ((0, 0), (REACH, REACH), (REACH, REACH)))
    maps = []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            top, left = REACH + dy * stride, REACH + dx * stride
            moved = padded[:, top : top + x.shape[1], left : left + x.shape[2]]
            maps.append((x * moved).mean(axis=0)[::stride, ::stride])
    return np.stack(maps)


def _round(x: float) -> float:
    return float(np.sign(x) * np.floor(abs(x) + 0.5))


def _pool_and_vote(maps: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """PSROIPooling at 1/16, then the average of the K x K bins."""
    outputs, (_, height, width) = len(maps) // K**2, maps.shape
    result = np.zeros((len(boxes), outputs))
    for r, box in enumerate(boxes):
        x1, y1, x2, y2 = (_round(v) / 16 for v in box)
        x2, y2 = x2 + 1 / 16, y2 + 1 / 16
        bin_h, bin_w = max(y2 - y1, 0.1) / K, max(x2 - x1, 0.1) / K
        for row in range(K):
            for col in range(K):
                top, bottom = (
                    np.clip(f, 0, height) for f in (np.floor(y1 + row * bin_h), np.ceil(y1 + (row + 1) * bin_h))
                )
                left, right = (
                    np.clip(f, 0, width) for f in (np.floor(x1 + col * bin_w), np.ceil(x1 + (col + 1) * bin_w))
                )
                for output in range(outputs):
                    cells = maps[(output * K + row) * K + col, int(top) : int(bottom), int(left) : int(right)]
                    result[r, output] += cells.mean() / K**2 if cells.size else 0
    return result


def _moved(boxes: np.ndarray, deltas: np.ndarray) -> np.ndarray:
    """The authors' inverse transform: widths count the last pixel, and centres are half of it less."""
    width, height = boxes[:, 2] - boxes[:, 0] + 1, boxes[:, 3] - boxes[:, 1] + 1
    x = boxes[:, 0] + 0.5 * (width - 1) + deltas[:, 0] * width
    y = boxes[:, 1] + 0.5 * (height - 1) + deltas[:, 1] * height
    half_w, half_h = 0.5 * (np.exp(deltas[:, 2]) * width - 1), 0.5 * (np.exp(deltas[:, 3]) * height - 1)
    return np.stack([x - half_w, y - half_h, x + half_w, y + half_h], axis=1)


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _converted_model(layers: Layers, write: Callable[..., Path], folder: Path, config: str, **how: bool) -> Any:
    converted = convert(write(folder / "net.caffemodel", layers, **how), "caffe")
    assert converted.report.complete, str(converted.report)
    cfg = _cfg(config)
    cfg.merge_from_file(str(write_checkpoint(converted, folder / "net.pkl")))
    cfg.MODEL.DEVICE = "cpu"
    torch.manual_seed(1)
    model = build_model(cfg).eval()
    DetectionCheckpointer(model).load(cfg.MODEL.WEIGHTS)
    assert set(converted.weights) == {k for k in model.state_dict() if not k.endswith("num_batches_tracked")}
    return model


def _cfg(config: str) -> CfgNode:
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_file(str(CONFIGS / config))
    return cfg


SIZE = (88, 118)  # 44 x 59 after the first convolution: Caffe rounds one pooled size up, the other is exact
BOXES = np.array([[3.0, 5, 60, 70], [40.2, 10.9, 100.6, 80.1], [0, 0, 117, 87], [70, 30, 88.4, 52.5], [20, 20, 29, 75]])


@pytest.mark.parametrize("how", [{}, {"legacy": True, "packed": True}])
def test_probabilities_boxes_and_tracks_are_caffes(
    write_caffemodel: Callable[..., Path], tmp_path: Path, how: dict[str, bool]
) -> None:
    layers = _layers()
    model = _converted_model(layers, write_caffemodel, tmp_path, "DnT_R_50.yaml", **how)
    rng = np.random.default_rng(5)
    pictures = rng.integers(0, 256, (2, 3, *SIZE)).astype(np.uint8)
    now, later = (_frame(p.astype(np.float64), layers) for p in pictures)

    proposals = Instances(SIZE)
    proposals.proposal_boxes = Boxes(torch.tensor(BOXES, dtype=torch.float32))
    with torch.no_grad():
        maps = model.encode(model.preprocess([torch.from_numpy(p) for p in pictures]))
        found = model.roi_heads.candidates(maps.cls_maps, maps.box_maps, [proposals, proposals])
        (tracked,) = model.track_head.track(maps[:1], maps[1:], [found[0].boxes])

    limit = np.array([SIZE[1] - 1, SIZE[0] - 1] * 2)
    for frame, mine in zip((now, later), found, strict=True):
        probabilities = _softmax(_pool_and_vote(frame.cls, BOXES))
        assert probabilities.max(axis=1).min() > 0.3  # they say something
        # Caffe's background comes first, ours last.
        np.testing.assert_allclose(mine.probs, np.roll(probabilities, -1, axis=1), rtol=1e-4, atol=1e-6)
        boxes = _moved(BOXES, _pool_and_vote(frame.box, BOXES)[:, 4:])
        np.testing.assert_allclose(mine.boxes, boxes.clip(0, limit), rtol=1e-4, atol=1e-3)
        assert np.abs(boxes - BOXES).max() > 1

    f, g = now.features, later.features
    correlations = [_correlate(f[5], g[5], 1), _correlate(f[3], g[3], 2), _correlate(f[4], g[4], 1)]
    track_maps = _convolve(np.concatenate([now.box, later.box, *correlations]), layers["rfcn_disp"])
    start = found[0].boxes.double().numpy()
    expected = _moved(start, _pool_and_vote(track_maps, start)[:, 4:])
    assert np.abs(expected - start).max() > 1
    np.testing.assert_allclose(tracked, expected, rtol=1e-4, atol=1e-3)


def test_the_detector_alone(write_caffemodel: Callable[..., Path], tmp_path: Path) -> None:
    """Its class maps have another name."""
    layers = {name.removesuffix("_ILSVRCvid"): blobs for name, blobs in _layers(track=False).items()}
    model = _converted_model(layers, write_caffemodel, tmp_path, "D_R_50.yaml")
    assert model.track_head is None
    with pytest.raises(ValueError, match="'rfcn_cls_old' is not the only one with class maps"):
        convert_layers(layers | {"rfcn_cls_old": layers["rfcn_cls"]})


def test_a_released_network_runs_on_video(write_caffemodel: Callable[..., Path], tmp_path: Path) -> None:
    """With the proposals of each frame, of the pair's later frame too."""
    model = VideoStream(_converted_model(_layers(), write_caffemodel, tmp_path, "DnT_R_50.yaml"))
    rng = np.random.default_rng(6)
    for t in range(3):
        proposals = Instances(SIZE)
        proposals.proposal_boxes = Boxes(torch.tensor(BOXES[: 5 - t], dtype=torch.float32))
        proposals.objectness_logits = torch.zeros(5 - t)
        frame = {"video_id": 0, "frame_index": t, "video_length": 3, "proposals": proposals}
        image = torch.from_numpy(rng.integers(0, 256, (3, *SIZE)).astype(np.uint8))
        with torch.no_grad():
            (result,) = model([frame | {"image": image, "height": SIZE[0], "width": SIZE[1]}])
        assert len(result["link_candidates"]) == 5 - t
        assert len(result["tracklets"]) == (0 if t == 0 else 6 - t)


def test_names_of_blocks() -> None:
    pairs = {
        "conv1": "stem.conv1",
        "res2a_branch1": "res2.0.shortcut",
        "res3d_branch2b": "res3.3.conv2",
        "res3b3_branch2b": "res3.3.conv2",
        "res4b22_branch2c": "res4.22.conv3",
        "res4a_branch2a": "res4.0.conv1",
        "bn2a_branch1": None,
        "res2a": None,
        "conv_new_1": None,
    }
    assert {name: trunk_name(name) for name in pairs} == pairs


def test_no_layers() -> None:
    assert convert_layers({}) == ({}, [], [])


def test_a_norm_that_was_never_summed_and_one_that_is_missing() -> None:
    layers = _layers()
    layers["bn_conv1"][2] = np.zeros(1, np.float32)
    layers["conv1"] = layers["conv1"][:1]  # ResNet-101 has no bias here
    del layers["scale2a_branch1"]
    state, _, _ = convert_layers(layers)
    assert not state["backbone.stem.conv1.norm.running_mean"].any()
    assert "backbone.res2.0.shortcut.norm.weight" not in state
    assert "backbone.res2.0.shortcut.norm.running_mean" in state


def test_classifiers_are_left_over_and_others_unknown() -> None:
    layers = _layers() | {"fc1000": [np.zeros((5, 2), np.float32)], "rpn_conv": [np.zeros((5, 2), np.float32)]}
    _, classifier, unknown = convert_layers(layers)
    assert (classifier, unknown) == (["fc1000"], ["rpn_conv"])


@pytest.mark.parametrize(
    ("layer", "blobs", "message"),
    [
        ("rfcn_disp", 1, "'rfcn_disp' has 1 blobs; a weight and a bias"),
        ("bn_conv1", 2, "'bn_conv1' has 2 blobs; a mean"),
        ("scale_conv1", 1, "'scale_conv1' has 1 blobs; a factor"),
    ],
)
def test_layers_with_too_few_blobs(layer: str, blobs: int, message: str) -> None:
    layers = _layers()
    layers[layer] = layers[layer][:blobs]
    with pytest.raises(ValueError, match=message):
        convert_layers(layers)


def test_experiments_of_other_shapes_are_refused() -> None:
    state, _, _ = convert_layers(_layers())
    with pytest.raises(ValueError, match=r"rfcn_disp reads 204 channels"):
        authors_keys(state | {"track_head.conv.weight": np.zeros((72, 204, 1, 1), np.float32)})
    with pytest.raises(ValueError, match="70 box and 36 class maps"):
        authors_keys(state | {"roi_heads.box_conv.weight": np.zeros((70, 12, 1, 1), np.float32)})
    del state["roi_heads.cls_conv.weight"]
    with pytest.raises(ValueError, match=r"neither D nor D&T: it has no weights for roi_heads\.cls_conv"):
        authors_keys(state)


@pytest.mark.parametrize("name", ["D_R_50", "D_R_101", "DnT_R_50", "DnT_R_101"])
def test_configs_of_the_released_networks_say_what_the_converter_finds(name: str) -> None:
    """Of full size, by shapes alone."""
    state = _released_shapes(101 if "101" in name else 50, track="DnT" in name)
    cfg = _cfg(f"{name}.yaml")
    before = cfg.clone()
    keys = authors_keys(state)
    cfg.merge_from_list([x for key, value in keys.items() for x in (key, value)])
    assert cfg == before


def _released_shapes(depth: int, track: bool) -> dict[str, np.ndarray]:
    def zeros(*shape: int) -> np.ndarray:
        return np.broadcast_to(np.float32(0), shape)

    state = {
        "backbone.stem.conv1.weight": zeros(64, 3, 7, 7),
        "backbone.res2.0.conv2.weight": zeros(64, 64, 3, 3),
        "backbone.res2.0.conv3.weight": zeros(256, 64, 1, 1),
        "roi_heads.reduction.weight": zeros(512, 2048, 3, 3),
        "roi_heads.box_conv.weight": zeros(392, 512, 1, 1),
        "roi_heads.cls_conv.weight": zeros(1519, 512, 1, 1),
    }
    for stage, last in ((2, 2), (3, 3), (4, 22 if depth == 101 else 5), (5, 2)):
        state[f"backbone.res{stage}.{last}.conv1.weight"] = zeros(1)
    if track:
        state["track_head.conv.weight"] = zeros(392, 1443, 1, 1)
    return state
