"""Nothing ties the project to one system: no name that others lack, no encoding of the machine, spawned workers."""

from __future__ import annotations

import ast
import json
import os
import pickle
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from detectron2.data import DatasetCatalog, MetadataCatalog

from dnt_d2.data import build_pair_train_loader, build_video_test_loader
from dnt_d2.soak.systems_poor import MODULES, environment, gone

ROOT = Path(__file__).parents[1]
PLACES = ("train_net.py", "dnt_d2/**/*.py", "tools/*.py", "datasets/*.py")
# Whoever breaks things on purpose needs signals; it runs where there are some.
_ALL = [path for place in PLACES for path in sorted(ROOT.glob(place))]
SOURCES = [path for path in _ALL if "soak" not in path.relative_to(ROOT).parts]

# Where names that only some systems have are behind a guard, which the poor system of `dnt_d2.soak` tries.
GUARDED = {
    "dnt_d2/data/file_states.py": {"pass_fds"},  # only where there is os.pread
    "dnt_d2/data/stat_files.py": {"os.pread"},  # in a program that is started only then
    "dnt_d2/data/workers.py": {
        *("signal.SIG_BLOCK", "signal.SIG_SETMASK", "signal.SIG_UNBLOCK"),
        *("signal.pthread_sigmask", "signal.sigwaitinfo"),
    },
    "dnt_d2/data/xml_cache.py": {"fcntl"},
    "dnt_d2/data/xml_reading.py": {"os.sched_getaffinity"},
    "dnt_d2/benchmark/resident.py": {"/proc/self/clear_refs", "/proc/self/status"},
    "dnt_d2/bounded/memory.py": {"/sys/fs/cgroup/memory.max", "os.sysconf"},
    "dnt_d2/training/preemption.py": {"signal.SIG_BLOCK", "signal.SIG_UNBLOCK", "signal.pthread_sigmask"},
    "dnt_d2/processes/ranks.py": {"signal.SIGKILL"},  # on Linux alone
    "dnt_d2/minivid/packages.py": {"os.geteuid"},
    "dnt_d2/video/locate.py": {"/dev/"},  # a word that people may say
}
_PLACES = re.compile(r"/(proc|dev|sys|etc|tmp)/")
_TEXT_MODES = {"read_text": None, "write_text": None, "open": "r", "fdopen": "r", "NamedTemporaryFile": "w+b"}
_OTHER_OPENS = {"os", "av", "Image", "archive", "tarfile", "zipfile", "self._av", "_av"}


def calls(tree: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """Every call: of whom, of what."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func.value), node.func.attr, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield "", node.func.id, node


def only_here(tree: ast.AST) -> Iterator[str]:
    """What a source uses that some systems lack."""
    lacking = {f"{module.__name__}.{name}" for module in (os, signal) for name in gone(module)}
    texts = {id(node.body[0].value) for node in ast.walk(tree) if hasattr(node, "body") and is_text(node.body)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in lacking:
            yield ast.unparse(node)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in (*MODULES, "os", "signal"):
            yield from (name for name in (f"{node.module}.{a.name}" for a in node.names) if name in lacking)
            yield from [node.module] if node.module in MODULES else []
        elif isinstance(node, ast.keyword) and node.arg in ("pass_fds", "preexec_fn"):
            yield node.arg
        elif isinstance(node, ast.keyword) and node.arg == "shell" and ast.unparse(node.value) == "True":
            yield "shell"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            yield from [node.value] if _PLACES.match(node.value) else []


def is_text(body: Any) -> bool:
    return isinstance(body, list) and bool(body) and isinstance(body[0], ast.Expr)


def without_encoding(tree: ast.AST) -> Iterator[ast.Call]:
    """Where text is read or written, in whatever encoding the machine has."""
    for owner, name, call in calls(tree):
        options = {keyword.arg: keyword.value for keyword in call.keywords}
        if name in ("run", "Popen", "check_output") and ("text" in options or "universal_newlines" in options):
            yield call
        if name not in _TEXT_MODES or owner in _OTHER_OPENS or "encoding" in options or None in options:
            continue
        modes = [options["mode"]] if "mode" in options else call.args[: 1 if owner and owner != "io" else 2]
        words = [mode.value for mode in modes if isinstance(mode, ast.Constant) and isinstance(mode.value, str)]
        mode = next((word for word in words if re.fullmatch(r"[rwaxbt+]{1,3}", word)), _TEXT_MODES[name])
        if mode is None or "b" not in mode:
            yield call


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_bytes()) for path in SOURCES}


def test_the_rules_find_what_they_look_for() -> None:
    bad = """
import fcntl, os
from os import fork
from signal import SIGKILL
os.pread(0, 1, 2); os.getuid; open("/proc/self/maps", "rb"); subprocess.run(x, shell=True, pass_fds=[1])
"""
    names = ["/proc/self/maps", "fcntl", "os.fork", "os.getuid", "os.pread", "pass_fds", "shell", "signal.SIGKILL"]
    assert sorted(only_here(ast.parse(bad))) == names
    assert not list(only_here(ast.parse('"""/proc/x"""\nos.getpid(); signal.SIGTERM; os.replace(a, b)')))
    texts = 'open(a); open(a, "w"); a.open("a"); a.read_text(); run(a, text=True); open(a, mode="r"); fdopen(3, "w")'
    assert len(list(without_encoding(ast.parse(texts)))) == 7
    fine = 'open(a, "rb"); open(a, "w", encoding="utf-8"); Image.open(a); os.open(a, b); open(a, mode="xb")'
    assert not list(without_encoding(ast.parse(fine)))


def test_what_others_lack_is_behind_guards_in_few_files(trees: dict[Path, ast.Module]) -> None:
    found = {path.relative_to(ROOT).as_posix(): set(only_here(tree)) for path, tree in trees.items()}
    assert len(found) > 250
    assert {path: names for path, names in found.items() if names} == GUARDED


def test_text_has_an_encoding(trees: dict[Path, ast.Module]) -> None:
    found = [f"{path}:{call.lineno}" for path, tree in trees.items() for call in without_encoding(tree)]
    assert found == []


def test_scripts_can_be_imported_by_spawned_processes(trees: dict[Path, ast.Module]) -> None:
    """Each that can be run starts its work behind the guard."""
    scripts = [path for path in trees if path.parent.name in ("tools", "datasets") or path.name == "train_net.py"]
    for path in scripts:
        loose = [node for node in trees[path].body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
        assert [ast.unparse(node) for node in loose if "sys.path" not in ast.unparse(node)] == [], path


@pytest.fixture
def loaders(small_cfg: Callable[..., Any], tiny_datasets: Path) -> list[Any]:
    cfg = small_cfg("DATASETS.TRAIN", ("minivid_vid_train", "minivid_det_train"), "MODEL.ROI_HEADS.NUM_CLASSES", 30)
    return [build_pair_train_loader(cfg), build_video_test_loader(cfg, "minivid_val_seen")]


def test_workers_get_all_that_they_need(loaders: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """By pickling, as spawned processes do; these know no data set of the catalog."""
    parts = [(x.dataset, x.collate_fn, x.worker_init_fn) for x in loaders]
    expected = [dataset[1] for dataset, _, _ in parts]
    block = pickle.dumps(parts)
    for catalog in (DatasetCatalog, MetadataCatalog):
        monkeypatch.setattr(catalog, "get", None)
    for (dataset, collate, start), item in zip(pickle.loads(block), expected, strict=True):
        assert callable(start)
        assert collate([1]) == [1]
        assert dataset[1]["file_name"] == item["file_name"]
        assert torch.equal(dataset[1]["image"], item["image"])


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_poorer_system(tmp_path: Path, workers: int) -> None:
    """Without what Windows lacks, in a folder whose name the console can't say; the slow one goes all the way, and
    spawns workers."""
    folder = tmp_path / "é τ"
    steps = [] if workers else ["--steps", "train", "track", "convert"]
    command = [sys.executable, "-m", "dnt_d2.soak.systems_tour", str(folder), "--workers", str(workers), *steps]
    run = subprocess.run(command, env=environment(tmp_path / "site"), capture_output=True, check=False)
    told = json.loads((folder / "tour.json").read_text(encoding="utf-8"))
    assert {name: step["error"] for name, step in told.items() if "error" in step} == {}, run.stderr[-4000:].decode()
    assert run.returncode == 0
    assert told["track"]["result"].startswith("8 frames")
    if workers:
        assert len(set(told["evaluate"]["result"])) == 1
