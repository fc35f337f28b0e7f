"""dnt_d2/variants.py and its tool: variants say what separate evaluations say, in as few passes as can be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import CfgNode

from dnt_d2.engine import Trainer
from dnt_d2.modeling import DetectAndTrack
from dnt_d2.variants import Variant, evaluate_variants, group_passes, load_variants, variants_table

pytestmark = pytest.mark.usefixtures("loggers_as_before")

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "configs" / "test").glob("*.yaml"))
Make = Callable[..., Any]
BEGIN, END = "<!-- variants:begin -->\n", "<!-- variants:end -->\n"


@pytest.fixture
def cfg(small_cfg: Make, small_model: Make, tiny_datasets: Path, tmp_path: Path) -> CfgNode:
    """The small network, whose weights are in a file, on the tiny validation videos: of 8, of 5 and of 1 frame."""
    cfg = small_cfg(
        *("MODEL.ROI_HEADS.NUM_CLASSES", 30),
        *("MODEL.WEIGHTS", str(tmp_path / "weights.pth")),
        *("DATASETS.TEST", ("imagenet_vid_val",)),
        *("OUTPUT_DIR", str(tmp_path / "output")),
    )
    DetectionCheckpointer(small_model(cfg, lively=True), str(tmp_path)).save("weights")
    return cfg


def files(*names: str) -> list[Path]:
    return [ROOT / "configs" / "test" / f"{name}.yaml" for name in names]


def test_no_variants(cfg: CfgNode) -> None:
    assert evaluate_variants([], "imagenet_vid_val") == []
    assert "frames" in variants_table([])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_variant_combines_with_every_trunk(file: Path) -> None:
    from detectron2.config import get_cfg

    from dnt_d2 import add_dnt_config

    for trunk in ("R_50", "R_101", "X_101", "Inception_v4"):
        if trunk == "Inception_v4":
            pytest.importorskip("timm")
        cfg = get_cfg()
        add_dnt_config(cfg)
        cfg.merge_from_file(str(ROOT / "configs" / f"DnT_{trunk}.yaml"))
        (variant,) = load_variants(cfg, [file])  # checked
        assert variant.cfg.MODEL.WEIGHTS == cfg.MODEL.WEIGHTS
        assert variant.name == file.stem


def test_variants_that_link_otherwise_share_a_pass(cfg: CfgNode) -> None:
    variants = load_variants(cfg, files("tau_1", "online", "average", "presence", "tau_10", "tau_10_average"))
    names = [[variant.name for variant in group] for group in group_passes(variants)]
    assert names == [["tau_1", "online", "presence"], ["average"], ["tau_10"], ["tau_10_average"]]


def test_equal_to_separate_evaluations(cfg: CfgNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Videos of one frame and videos shorter than tau are among them."""
    names = ("D_and_T_loss", "tau_1", "online", "presence", "tau_10", "average_both", "tau_10_average")
    variants = load_variants(cfg, files(*names))
    frames: list[int] = []
    encode = DetectAndTrack.encode
    monkeypatch.setattr(DetectAndTrack, "encode", lambda self, x: frames.append(len(x)) or encode(self, x))
    rows = evaluate_variants(variants, "imagenet_vid_val")
    # Three passes over all 14 frames, two over the first and last ones (one, of the video of one frame).
    assert sum(frames) == 3 * 14 + 2 * 5
    assert [row["variant"] for row in rows] == list(names)
    for variant, row in zip(variants, rows, strict=True):
        alone = variant.cfg.clone()
        alone.defrost()
        alone.TEST.SAVE_RUN = False  # to draw a report takes longer than to evaluate
        model = Trainer.build_model(alone)
        DetectionCheckpointer(model).load(cfg.MODEL.WEIGHTS)
        expected = Trainer.test(alone, model)
        kinds = [kind for kind in ("frame", "tube", "tube_all") if kind in expected]
        assert {kind: row[kind] for kind in kinds} == {kind: expected[kind]["AP50"] for kind in kinds}
        assert set(row) == {"variant", *kinds}
        assert ("tube_all" in kinds) == variant.name.startswith("tau_10")


@pytest.fixture
def short_videos(ilsvrc_writer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """imagenet_vid_val is of three videos, of one, two and three frames."""
    dog = "n02084071"
    for length in (1, 2, 3):
        frames = [[(dog, 0, (10 + 4 * t, 12, 45 + 4 * t, 50))] for t in range(length)]
        ilsvrc_writer.video(f"val/of_{length}", (96, 64), frames)
    ilsvrc_writer.frame_listing("val", [f"val/of_{length}" for length in (1, 2, 3)])
    ilsvrc_writer.root.rename(ilsvrc_writer.root.parent / "ILSVRC2015")
    monkeypatch.setenv("DETECTRON2_DATASETS", str(ilsvrc_writer.root.parent))


def test_short_videos(cfg: CfgNode, short_videos: None) -> None:
    """Of one frame, of two, and shorter than tau: each variant evaluates all of them, and on all frames at tau = 10."""
    variants = load_variants(cfg, files("tau_1", "online", "average_both", "tau_10", "tau_10_average"))
    rows = {row["variant"]: row for row in evaluate_variants(variants, "imagenet_vid_val")}
    assert len(rows) == 5
    for row in rows.values():
        assert all(0 <= value <= 100 for key, value in row.items() if key != "variant")
    # A video of up to two frames has nothing to skip; of three, the network doesn't see the middle one.
    assert rows["tau_1"]["frame"] == rows["online"]["frame"] == rows["average_both"]["frame"]
    assert "tube_all" in rows["tau_10"]


def test_proposals_that_are_given_go_with_their_data_set(cfg: CfgNode, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg.DATASETS.TEST = ("minivid_val_seen", "imagenet_vid_val")
    cfg.DATASETS.PROPOSAL_FILES_TEST = ("seen.pkl", "val.pkl")
    used: list[CfgNode] = []

    def test(cfg: CfgNode, *_: Any) -> dict[str, Any]:
        used.append(cfg)
        return {name: {"AP50": 1.0} for name in ("frame", "tau_1/tube")}

    monkeypatch.setattr(Trainer, "test", test)
    evaluate_variants(load_variants(cfg, files("tau_1")), "imagenet_vid_val")
    assert used[0].DATASETS.TEST == ("imagenet_vid_val",)
    assert used[0].DATASETS.PROPOSAL_FILES_TEST == ("val.pkl",)


def test_two_files_of_one_name(cfg: CfgNode, tmp_path: Path) -> None:
    (tmp_path / "online.yaml").write_text("TUBES: {TOP_K: 3}\nVERSION: 2\n")
    with pytest.raises(ValueError, match="another variant 'online'; rename"):
        load_variants(cfg, [*files("online"), tmp_path / "online.yaml"])


def test_contradictions_are_refused(cfg: CfgNode, tmp_path: Path) -> None:
    cfg.TUBES.ONLINE = True
    with pytest.raises(ValueError, match=r"TUBES\.ONLINE is on, but TEST\.SCORE_AVERAGE is 'next'"):
        load_variants(cfg, files("average"))


def test_table() -> None:
    rows = [{"variant": "a", "frame": 1.25, "tube": 2.0}, {"variant": "b", "frame": 3.0, "tube": 4.0, "tube_all": 5.06}]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in variants_table(rows).splitlines()]
    assert lines[0] == ["", "frames", "tubes", "tubes, all frames"]
    assert lines[2:] == [["a", "1.2", "2.0", ""], ["b", "3.0", "4.0", "5.1"]]
    assert Variant("a", CfgNode()).name == "a"


@pytest.fixture
def tool(load_script: Callable[[str], ModuleType]) -> ModuleType:
    return load_script("tools/compare_variants.py")


def test_a_comparison_on_no_data_set(cfg: CfgNode, tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(cfg.dump())
    arguments = ["--config-file", str(tmp_path / "small.yaml"), "DATASETS.TEST", "()"]
    with pytest.raises(ValueError, match=r"DATASETS\.TEST is empty: name at least one"):
        tool.main(tool.get_parser().parse_args(arguments))


def test_numbers_of_a_gpu_say_so(cfg: CfgNode, tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tool.gpus("cpu") == "no GPU used"
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: f"a fast {device}")
    cfg.MODEL.DEVICE = "cuda"
    assert tool.gpus(cfg.MODEL.DEVICE) == "1 x a fast cuda"


def test_the_command(cfg: CfgNode, tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "small.yaml").write_text(cfg.dump())
    chosen = [part for file in files("online", "tau_10") for part in ("--variant", str(file))]
    tool.main(tool.get_parser().parse_args(["--config-file", str(tmp_path / "small.yaml"), *chosen]))
    assert "AP50 on imagenet_vid_val, in percent:" in capsys.readouterr().out
    written = json.loads((tmp_path / "output" / "variants.json").read_text())
    assert {"command", "date", "machine", "versions", "config", "weights", "seed"} <= set(written)
    assert [row["variant"] for row in written["AP50"]["imagenet_vid_val"]] == ["online", "tau_10"]
    assert all((ROOT / "configs" / "test" / f"{name}.yaml").is_file() for name in tool.VARIANTS)


def test_recording(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice over: the second record takes the place of the first."""
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text(f"above\n{BEGIN}{END}below\n")
    for tube in (1.0, 2.5):
        rows = [{"variant": "online", "frame": 1.0, "tube": tube}]
        tool.record({"date": "2026-01-02", "machine": "a machine", "seed": 7, "AP50": {"some_val": rows}})
    text = (tmp_path / "README.md").read_text()
    assert text.startswith(f"above\n{BEGIN}AP50 on `some_val`:\n\n")
    assert text.endswith(f"{END}below\n")
    assert text.count("online") == 1
    assert "2.5" in text
    assert len(list((tmp_path / "benchmarks" / "results").glob("variants--*.json"))) == 1
    assert (ROOT / "README.md").read_text().count(BEGIN) == 1
