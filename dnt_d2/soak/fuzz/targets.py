"""Every reader of files that come from others, with sound files and a way to spoil them."""

from __future__ import annotations

import importlib.util
import pickle
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ...data.texts import Texts
from ...data.xml_shelf import save_shelf
from ...data.xml_table import make_table, read_content
from . import binary, flat, media, readers, sound, trees
from .harness import Target


def all_targets() -> list[Target]:
    """All that can be read here: videos need PyAV."""
    with_video = importlib.util.find_spec("av") is not None
    return [*_TEXTS, *_ARCHIVES, *_IMAGES, *(_VIDEOS if with_video else [])]


@cache
def _ground_truth() -> list[bytes]:
    return [
        b"1,1,1,1,20,20,1,1,1\n2,1,3,3,20,20,1,1,0.4\n3,7,-4,8.5,30,12,0,2,-1\n",
        b"1,1,1,1,20,20,1,-1,-1,-1\n3,2,10,10,5,5,1,-1,-1,-1\n",
        b"1,1,1,1,20,20\n",
        b"",
    ]


@cache
def _sequence_infos() -> list[bytes]:
    return [
        b"[Sequence]\nname=one\nimDir=img1\nframeRate=30\nseqLength=3\nimWidth=64\nimHeight=48\nimExt=.jpg\n",
        b"[Sequence]\nseqLength=3\n",
    ]


@cache
def _shelves() -> list[bytes]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "frame.xml")
        contents = []
        for data in sound.xml_files():
            path.write_bytes(data)
            contents.append(read_content(str(path)))
        count = len(contents)
        table = make_table(range(count), [300] * count, contents)
        stamps = np.arange(8).reshape(2, 4)
        names = Texts.of([f"{number:06d}" for number in range(count)])
        save_shelf(path, ["train/a", "train/b"], [2, count - 2], stamps, names, table)
        return [path.read_bytes()]


@cache
def _proposal_files() -> list[bytes]:
    ids = [frame["image_id"] for frame in sound.frame_dicts()]
    boxes = [np.array([[1, 2, 30, 40], [0, 0, 5, 5]], np.float32)[: place % 3] for place in range(len(ids))]
    logits = [np.arange(len(some), dtype=np.float32) for some in boxes]
    content = {"ids": ids, "boxes": boxes, "objectness_logits": logits, "bbox_mode": 0}
    return [pickle.dumps(content, protocol) for protocol in (2, 4, 5)]


_TEXTS = [
    Target("annotation XML", "frame.xml", sound.xml_files, trees.change_xml, readers.annotation, share=3),
    Target(
        "ILSVRC list, VID",
        "ImageSets/VID/train.txt",
        sound.lists,
        flat.change_lines,
        readers.vid_list,
        readers.make_tree,
        names=("ImageSets/VID/train.txt", "Data/VID"),
        share=0.7,
    ),
    Target(
        "ILSVRC list, DET",
        "ImageSets/DET/train.txt",
        sound.still_lists,
        flat.change_lines,
        readers.det_list,
        readers.make_tree,
        names=("ImageSets/DET/train.txt", "Annotations/DET"),
        share=0.3,
    ),
    Target("COCO-VID JSON", "videos.json", sound.coco_vid_files, trees.change_json, readers.coco_vid, share=2),
    Target(
        "COCO results",
        "found.json",
        lambda: sound.results("coco"),
        trees.change_json,
        readers.results("found.json"),
        share=1.5,
    ),
    Target("CSV results", "found.csv", lambda: sound.results("csv"), flat.change_lines, readers.results("found.csv")),
    Target(
        "ILSVRC results", "found.txt", lambda: sound.results("ilsvrc"), flat.change_lines, readers.results("found.txt")
    ),
    Target(
        "MOT results",
        "found/two.txt",
        lambda: sound.results("mot"),
        flat.change_lines,
        readers.results("found"),
        readers.make_results,
    ),
    Target("MOT gt.txt", "one/gt/gt.txt", _ground_truth, flat.change_lines, readers.mot, readers.make_sequence),
    Target(
        "MOT seqinfo.ini",
        "one/seqinfo.ini",
        _sequence_infos,
        flat.change_lines,
        readers.mot,
        readers.make_sequence,
        share=0.5,
    ),
    Target(
        "MOT list",
        "seqmaps/all.txt",
        lambda: [b"name\none\n", b"one\n"],
        flat.change_lines,
        readers.mot,
        readers.make_sequence,
        share=0.5,
    ),
    Target(
        "MOT labels.txt",
        "one/gt/labels.txt",
        lambda: [b"bird\nlock nut\n", b"bird\n"],
        flat.change_lines,
        readers.mot_own_classes,
        readers.make_sequence,
        names=("one/gt/labels.txt", "one/gt/gt.txt"),
        share=0.5,
    ),
    Target(
        "run.json",
        "run.json",
        lambda: sound.run_files("run.json"),
        trees.change_json,
        readers.saved_run,
        sound.save_run,
        names=("run.json", "truth.npz", "videos"),
        share=0.3,
    ),
]

_ARCHIVES = [
    Target(
        "truth.npz",
        "truth.npz",
        lambda: sound.run_files("truth.npz"),
        binary.change_arrays,
        readers.saved_run,
        sound.save_run,
        names=("truth.npz", "videos"),
        kind="archive",
    ),
    Target(
        "saved video",
        "videos/000001.npz",
        lambda: sound.run_files("videos/000001.npz"),
        binary.change_arrays,
        readers.saved_run,
        sound.save_run,
        kind="archive",
    ),
    Target("XML memory", "VID.npz", _shelves, binary.change_arrays, readers.xml_shelf, kind="archive"),
    Target(
        "proposals",
        "proposals.pkl",
        _proposal_files,
        lambda random, seeds: flat.change_bytes(random, random.choice(seeds), seeds),
        readers.proposals,
        kind="archive",
    ),
]

_IMAGES = [
    Target("JPEG", "frame.JPEG", sound.jpegs, binary.change_jpeg, media.image("frame.JPEG"), kind="image", share=3),
    Target("PNG", "frame.png", sound.pngs, binary.change_png, media.image("frame.png"), kind="image"),
]


def _video(suffix: str, share: float) -> Target:
    name = f"clip{suffix}"
    change = (
        binary.change_mp4
        if suffix == ".mp4"
        else lambda random, seeds: flat.change_bytes(random, random.choice(seeds), seeds)
    )
    return Target(suffix[1:], name, lambda: sound.videos(suffix), change, media.video(name), kind="video", share=share)


_VIDEOS = [_video(".mp4", 3), _video(".avi", 0.5), _video(".mkv", 0.5)]
