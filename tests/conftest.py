"""Fixtures that tests of several rooms share: a tiny data set in the layout of ILSVRC2015, and a small network."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

if TYPE_CHECKING:  # loaded when a fixture needs them: most tests don't
    import torch
    from detectron2.config import CfgNode
    from detectron2.structures import Instances
    from torch import Tensor

    from dnt_d2.modeling import DetectAndTrack

# These networks are too small for several threads, which only wait for each other; pytest-xdist uses the cores instead.
os.environ.setdefault("OMP_NUM_THREADS", "1")

DOG, CAR, BIRD, PERSON = "n02084071", "n02958343", "n01503061", "n00007846"
_COLOURS = {DOG: (30, 60, 250), CAR: (240, 200, 20), BIRD: (60, 240, 60), PERSON: (200, 40, 200)}  # BGR

Object = tuple[str, int, tuple[int, int, int, int]]  # WordNet id, track, inclusive corners


@dataclass
class IlsvrcWriter:
    """Writes images, annotations and lists below ``root``. Objects are filled rectangles on grey waves."""

    root: Path
    frames: dict[str, list[str]] = field(default_factory=dict)

    def image(self, part: str, path: str, size: tuple[int, int], objects: Sequence[Object]) -> None:
        """One image with its annotation. ``size`` is (width, height); ``path`` has no extension."""
        width, height = size
        y, x = np.mgrid[:height, :width]
        grey = 110 + 30 * np.sin(x / 9.0 + len(path)) + 20 * np.cos(y / 7.0)
        image = np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)
        for name, _, (x1, y1, x2, y2) in objects:
            image[max(y1, 0) : y2 + 1, max(x1, 0) : x2 + 1] = _COLOURS[name]
        target = self.root / "Data" / part / f"{path}.JPEG"
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
        self.xml(part, path, size, objects)

    def xml(self, part: str, path: str, size: tuple[int, int], objects: Sequence[Object]) -> Path:
        """The annotation alone."""
        things = "".join(
            "<object>"
            + (f"<trackid>{track}</trackid>" if part == "VID" else "")
            + f"<name>{name}</name>"
            + f"<bndbox><xmax>{x2}</xmax><xmin>{x1}</xmin><ymax>{y2}</ymax><ymin>{y1}</ymin></bndbox>"
            + ("<occluded>0</occluded><generated>1</generated>" if part == "VID" else "")
            + "</object>"
            for name, track, (x1, y1, x2, y2) in objects
        )
        target = self.root / "Annotations" / part / f"{path}.xml"
        target.parent.mkdir(parents=True, exist_ok=True)
        head = f"<folder>{Path(path).parent}</folder><filename>{Path(path).name}</filename>"
        shape = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>"
        target.write_text(f"<annotation>{head}{shape}{things}</annotation>\n")
        return target

    def video(self, folder: str, size: tuple[int, int], frames: Sequence[Sequence[Object]]) -> None:
        """A video below ``Data/VID`` (``folder`` begins with train/ or val/), with the objects of each frame."""
        self.frames[folder] = [f"{folder}/{i:06d}" for i in range(len(frames))]
        for path, objects in zip(self.frames[folder], frames, strict=True):
            self.image("VID", path, size, objects)

    def listing(self, part: str, name: str, paths: Sequence[str], *, numbered: bool = False) -> None:
        """``ImageSets/<part>/<name>.txt``; numbers are 1, 2, 3 ... or always 1. The train/ or val/ is left out."""
        target = self.root / "ImageSets" / part / f"{name}.txt"
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{path.partition('/')[2]} {i if numbered else 1}\n" for i, path in enumerate(paths, 1)]
        target.write_text("".join(lines))

    def frame_listing(self, name: str, folders: Sequence[str]) -> None:
        """A list of all frames of these videos."""
        self.listing("VID", name, [path for folder in folders for path in self.frames[folder]], numbered=True)


def _moving(name: str, track: int, start: tuple[int, int, int, int], step: tuple[int, int], frame: int) -> Object:
    x1, y1, x2, y2 = start
    dx, dy = step[0] * frame, step[1] * frame
    return name, track, (x1 + dx, y1 + dy, x2 + dx, y2 + dy)


def write_tiny_ilsvrc(root: Path) -> None:
    """See the fixture ``tiny_ilsvrc``."""
    w = IlsvrcWriter(root)
    a, b, c = (f"train/ILSVRC2015_VID_train_000{n}" for n in ("0/tiny_00000000", "0/tiny_00000001", "1/tiny_00001000"))
    dogs = [_moving(DOG, 0, (8, 12, 39, 43), (4, 1), t) for t in range(8)]
    birds = [_moving(BIRD, 1, (60, 30, 79, 49), (2, -3), t) for t in range(6)]
    cars = [_moving(CAR, 0, (5, 20, 36, 47), (3, 4), t) for t in range(5)]
    w.video(a, (96, 64), [[dogs[t], birds[t]] if 2 <= t <= 4 else [dogs[t]] for t in range(6)])
    w.video(b, (64, 96), [[] if t == 2 else [cars[t]] for t in range(4)])
    w.video(c, (96, 64), [[dogs[3]]])
    holds = {5: [a], 7: [b], 9: [a, c]}  # bird, car, dog
    for k in range(1, 31):
        w.listing("VID", f"train_{k}", holds.get(k, []))
    w.frame_listing("train", [a, b, c])
    d, e, f = (f"val/tiny_val_{n}" for n in ("00000000", "00000001", "00001000"))
    others = [_moving(DOG, 3, (58, 10, 87, 37), (-3, 2), t) for t in range(8)]
    w.video(d, (96, 64), [[dogs[t], others[t]] for t in range(8)])
    w.video(e, (64, 96), [[] if t == 0 else [cars[t]] for t in range(5)])
    w.video(f, (96, 64), [[birds[0]]])
    for name, folders in {"val": [d, e, f], "val_seen": [d, f], "val_novel": [e]}.items():
        w.frame_listing(name, folders)
    _write_stills(w)


def _write_stills(w: IlsvrcWriter) -> None:
    stills: dict[str, tuple[tuple[int, int], list[Object]]] = {
        "ILSVRC2013_train/n02084071/n02084071_1": ((100, 75), [(DOG, 0, (10, 10, 59, 49))]),
        "ILSVRC2013_train/n02084071/n02084071_2": (
            (75, 100),
            [(DOG, 0, (5, 30, 44, 79)), (PERSON, 0, (50, 10, 70, 90))],
        ),
        "ILSVRC2014_train_0000/ILSVRC2014_train_00000001": (
            (100, 75),
            [(CAR, 0, (0, 20, 49, 60)), (BIRD, 0, (60, 5, 90, 30))],
        ),
        "ILSVRC2014_train_0000/ILSVRC2014_train_00000002": ((100, 75), [(PERSON, 0, (10, 10, 40, 70))]),
        "ILSVRC2014_train_0000/ILSVRC2014_train_00000003": ((100, 75), []),
        "ILSVRC2013_train_extra0/ILSVRC2013_train_00000001": ((100, 75), []),
    }
    for path, (size, objects) in stills.items():
        w.image("DET", f"train/{path}", size, objects)
    w.listing("DET", "train", [f"train/{path}" for path in stills], numbered=True)
    # No annotations of these negatives were ever published.
    (w.root / "Annotations/DET/train/ILSVRC2013_train_extra0/ILSVRC2013_train_00000001.xml").unlink()


# Where the network runs. Tensors that these tests make lie there; those that the package makes lie where it puts them.
_DEVICE = "cpu"
_TESTS = Path(__file__).parent
_ROOMS = ("modeling", "evaluation", *(f"layers/test_ps_roi_{part}.py" for part in ("bins", "ops", "pool")))
_ON_DEVICE = (*(str(_TESTS / room) for room in _ROOMS), __file__)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cpu", help="where the networks of the tests run: cpu (default) or cuda")


def pytest_configure(config: pytest.Config) -> None:
    global _DEVICE
    _DEVICE = config.getoption("--device")
    if _DEVICE != "cpu":
        _run_elsewhere(config)


def _run_elsewhere(config: pytest.Config) -> None:
    """From now on, until the end of the session, tensors made by lines of the tests themselves lie on the device.

    They are made on the CPU and moved, so that a seed gives the same numbers everywhere. ``torch.set_default_device``
    would also move what the package makes, and hide where it forgets the device.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    # Tests compare with float32 arithmetic, of which the tensor cores keep ten bits of the mantissa.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    numbers = {torch.arange, torch.empty, torch.eye, torch.full, torch.linspace, torch.ones, torch.tensor, torch.zeros}
    makers = numbers | {torch.rand, torch.randint, torch.randn, torch.randperm}

    class MadeOnDevice(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            by_a_test = func in makers and sys._getframe(1).f_code.co_filename.startswith(_ON_DEVICE)
            if not by_a_test or kwargs.get("device") is not None:
                return func(*args, **kwargs)
            wants_gradient = kwargs.pop("requires_grad", False)
            return func(*args, **kwargs).to(_DEVICE).requires_grad_(wants_gradient)

    mode = MadeOnDevice()
    mode.__enter__()
    config.add_cleanup(lambda: mode.__exit__(None, None, None))


@pytest.fixture(scope="session")
def device() -> torch.device:
    """Where the networks of the tests run (``--device``); a test puts there what it doesn't build by ``small_cfg``."""
    import torch

    return torch.device(_DEVICE)


@pytest.fixture
def ilsvrc_writer(tmp_path: Path) -> IlsvrcWriter:
    """An empty tree of this test alone, to write into."""
    return IlsvrcWriter(tmp_path / "tree")


@pytest.fixture(scope="session")
def tiny_ilsvrc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a tiny ILSVRC2015; don't write into it.

    VID, 96 x 64 or 64 x 96 pixels, objects 20 to 32 pixels wide, moving 3 to 5 pixels a frame:

    - train (``train_1`` ... ``train_30`` of videos, ``train`` of frames): 6 frames with a dog, and a bird that enters
      in frame 2 and leaves after frame 4; 4 frames (64 x 96) with a car, none in frame 2; 1 frame with a dog.
    - val (of frames): 8 frames with two dogs; 5 frames (64 x 96) with a car, none in frame 0; 1 frame with a bird.
      ``val_seen`` is the first and the last of them, ``val_novel`` the second.

    DET ``train``: 6 images, of which one holds only another class, one nothing, and one has no annotation.
    """
    root = tmp_path_factory.mktemp("datasets") / "ILSVRC2015"
    write_tiny_ilsvrc(root)
    (root.parent / "minivid").symlink_to(root, target_is_directory=True)
    return root


@pytest.fixture
def tiny_datasets(tiny_ilsvrc: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """DETECTRON2_DATASETS set, so that all built-in names (imagenet_..., minivid_...) read ``tiny_ilsvrc``."""
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tiny_ilsvrc.parent))
    return tiny_ilsvrc.parent


@pytest.fixture(scope="session")
def load_script() -> Callable[[str], ModuleType]:
    """``load_script("tools/benchmark.py")``: a script of the project as a module, new at each call."""

    def load(path: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(Path(path).stem, Path(__file__).parents[1] / path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def in_a_copy() -> Callable[[Callable[[], Any]], int]:
    """``in_a_copy(work)``: call it in a copy of this process, which may kill itself; gives how that ended.

    As ``subprocess`` would tell it: 0, 1 after an error, or a signal below 0. A new process would take seconds to
    import everything.
    """

    def run(work: Callable[[], Any]) -> int:
        if not hasattr(os, "fork"):
            pytest.skip("this system can't copy a process")
        import torch

        child = os.fork()
        if child:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        status = 1
        try:
            torch.set_num_threads(1)  # a copy has none of the other threads,
            torch.cuda.is_available = lambda: False  # nor the use of a GPU
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    return run


@contextmanager
def _loggers_kept() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("detectron2", "fvcore", "dnt_d2")]
    before = [(x, x.handlers[:], x.propagate, x.level) for x in loggers]
    yield
    for x, handlers, propagate, level in before:
        x.handlers, x.propagate = handlers, propagate
        x.setLevel(level)


@pytest.fixture
def largest_file() -> Callable[[int], AbstractContextManager[None]]:
    """``with largest_file(size):`` no file of this process can grow beyond, which is what a full disk is like."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        resource = pytest.importorskip("resource", reason="only Unix can limit the size of files")
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture
def loggers_as_before() -> Iterator[None]:
    """Detectron2 attaches handlers to loggers at start-up; take those of this test off again."""
    with _loggers_kept():
        yield


@pytest.fixture(scope="module")
def loggers_as_before_module() -> Iterator[None]:
    """The same, for the tests of a file that have their start-up in common."""
    with _loggers_kept():
        yield


# ResNet-50 an eighth as wide: all of its layers, a step in a tenth of a second.
_SMALL: list[Any] = [
    *("MODEL.WEIGHTS", ""),
    *("MODEL.BACKBONE.FREEZE_AT", 0),
    *("MODEL.RESNETS.DEPTH", 50),
    *("MODEL.RESNETS.STEM_OUT_CHANNELS", 8),
    *("MODEL.RESNETS.WIDTH_PER_GROUP", 8),
    *("MODEL.RESNETS.RES2_OUT_CHANNELS", 16),
    *("MODEL.PIXEL_STD", [60.0, 60.0, 60.0]),
    *("MODEL.ANCHOR_GENERATOR.SIZES", [[16.0, 32.0, 56.0]]),
    *("MODEL.RPN.CONV_DIMS", [16]),
    *("MODEL.RPN.PRE_NMS_TOPK_TRAIN", 200),
    *("MODEL.RPN.PRE_NMS_TOPK_TEST", 200),
    *("MODEL.RPN.POST_NMS_TOPK_TRAIN", 30),
    *("MODEL.RPN.POST_NMS_TOPK_TEST", 30),
    *("MODEL.ROI_HEADS.NUM_CLASSES", 3),
    *("MODEL.RFCN.REDUCTION_CHANNELS", 16),
    *("MODEL.RFCN.REDUCTION_DILATION", 1),
    *("MODEL.RFCN.GRID_SIZE", 3),
    *("MODEL.RFCN.OHEM_ROIS", 16),
    *("MODEL.TRACK_HEAD.MAX_DISPLACEMENT", 2),
    *("INPUT.MIN_SIZE_TRAIN", (64,)),
    *("INPUT.MAX_SIZE_TRAIN", 128),
    *("INPUT.MIN_SIZE_TEST", 64),
    *("INPUT.MAX_SIZE_TEST", 128),
    *("DATALOADER.NUM_WORKERS", 0),
    *("SOLVER.IMS_PER_BATCH", 2),
    *("SEED", 3),
]
_CLASS_COLOURS = ((30, 60, 250), (240, 200, 20), (60, 240, 60))

Size = tuple[int, int]  # height, width
Box = Sequence[float]


def _small_cfg(*overrides: Any, config: str = "Base-DnT.yaml") -> CfgNode:
    from detectron2.config import get_cfg

    from dnt_d2 import add_dnt_config

    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_file(str(Path(__file__).parents[1] / "configs" / config))
    cfg.merge_from_list(["MODEL.DEVICE", _DEVICE, *_SMALL, *overrides])
    return cfg


def _small_model(cfg: CfgNode | None = None, *, seed: int = 0, lively: bool = False) -> DetectAndTrack:
    import torch
    from detectron2.modeling import build_model
    from detectron2.modeling.backbone.resnet import BottleneckBlock

    torch.manual_seed(seed)
    model = build_model(_small_cfg() if cfg is None else cfg)
    device = next(model.parameters()).device
    model.cpu()  # a seed gives the same weights everywhere
    for block in model.modules():
        # Frozen batch norm with untrained statistics changes nothing, so that each block would add to the variance.
        if isinstance(block, BottleneckBlock) and not isinstance(block.conv3.norm, torch.nn.BatchNorm2d):
            block.conv3.norm.weight.fill_(0.4)
    if lively:
        for room in (model.proposal_generator, model.roi_heads, model.track_head or torch.nn.Identity()):
            for layer in room.modules():
                if isinstance(layer, torch.nn.Conv2d):
                    torch.nn.init.normal_(layer.weight, std=2.0 / layer.weight[0].numel() ** 0.5)
    return model.to(device).eval()


def _ground_truth(boxes: Sequence[Box], classes: Sequence[int], ids: Sequence[int], size: Size) -> Instances:
    import torch
    from detectron2.structures import Boxes, Instances

    result = Instances(size)
    result.gt_boxes = Boxes(torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4))
    result.gt_classes = torch.tensor(classes, dtype=torch.int64)
    result.gt_instance_ids = torch.tensor(ids, dtype=torch.int64)
    return result


def _draw(boxes: Sequence[Box], classes: Sequence[int], size: Size) -> Tensor:
    """(3, H, W) uint8: striped boxes, a colour for each class, on a waved background."""
    import torch

    y, x = np.mgrid[: size[0], : size[1]]
    image = np.repeat((110 + 30 * np.sin(x / 9.0) + 20 * np.cos(y / 7.0))[..., None], 3, axis=2)
    for (x1, y1, x2, y2), c in zip(boxes, classes, strict=True):
        inside = (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
        stripes = 0.75 + 0.25 * np.sin((x - x1) * (c + 2) / 6.0) * np.cos((y - y1) / 5.0)
        image[inside] = (np.array(_CLASS_COLOURS[c]) * stripes[..., None])[inside]
    return torch.from_numpy(image.astype(np.uint8).transpose(2, 0, 1).copy())


def _make_pair(
    *,
    size: Size = (96, 128),
    move: tuple[int, int] = (12, 8),
    objects: int = 2,
    still: bool = False,
    common: bool = True,
) -> dict[str, Any]:
    height, width = size
    side = int(0.4 * height)
    boxes = [[10, 12, 9 + side, 11 + side], [width - 20 - side, height - 12 - side, width - 21, height - 13]][:objects]
    moves = [(0, 0)] * objects if still else [move, (-move[0] // 2, -move[1] // 2)][:objects]
    classes, ids = [0, 2][:objects], [7, 3][:objects]
    later = [[x1 + dx, y1 + dy, x2 + dx, y2 + dy] for (x1, y1, x2, y2), (dx, dy) in zip(boxes, moves, strict=True)]
    return {
        "file_name": "drawn",
        "video_id": 0,
        "frame_index": 0,
        "video_length": 1 if still else 9,
        "image": _draw(boxes, classes, size),
        "instances": _ground_truth(boxes, classes, ids, size),
        "next_image": _draw(later, classes, size),
        "next_instances": _ground_truth(later, classes, ids if common else [i + 100 for i in ids], size),
    }


def _make_video(video_id: int, length: int, size: Size = (96, 128)) -> list[dict[str, Any]]:
    frames = []
    for t in range(length):
        boxes = [[5 + 9 * t, 10 + 2 * t, 44 + 9 * t, 49 + 2 * t], [size[1] - 45 - 5 * t, 40, size[1] - 10 - 5 * t, 75]]
        frames.append(
            {
                "image": _draw(boxes, [video_id % 3, 1], size),
                "height": 2 * size[0],
                "width": 2 * size[1],
                "video_id": video_id,
                "frame_index": t,
                "video_length": length,
            }
        )
    return frames


@pytest.fixture(scope="session")
def small_cfg() -> Callable[..., CfgNode]:
    """``small_cfg(*overrides, config="Base-DnT.yaml")``: a config of ours with a small network, on ``device``."""
    return _small_cfg


@pytest.fixture(scope="session")
def small_model() -> Callable[..., DetectAndTrack]:
    """``small_model(cfg, seed=0, lively=False)``: built and in evaluation mode; lively heads tell boxes apart."""
    return _small_model


@pytest.fixture(scope="session")
def ground_truth() -> Callable[..., Instances]:
    """``ground_truth(boxes, classes, ids, size)``: the instances of a training item."""
    return _ground_truth


@pytest.fixture(scope="session")
def make_pair() -> Callable[..., dict[str, Any]]:
    """``make_pair(size=(96, 128), move=(12, 8), objects=2, still=False, common=True)``: a drawn training item.

    Its objects are 0.4 of the height; the first moves by ``move``, the second half as fast, the other way. With
    ``common=False`` the second frame has the same objects under other track ids.
    """
    return _make_pair


@pytest.fixture(scope="session")
def make_video() -> Callable[..., list[dict[str, Any]]]:
    """``make_video(video_id, length, size=(96, 128))``: the test inputs of a drawn video.

    The original pictures are twice as large; the two objects move by 9 and 5 px of the network's input.
    """
    return _make_video
