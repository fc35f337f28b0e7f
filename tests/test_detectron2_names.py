"""Nothing here relies on a private name of Detectron2: its packaged build and its main branch may differ in those."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import dnt_d2

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for part in ("dnt_d2", "tools", "datasets", "tests", "train_net.py")
    for path in ([ROOT / part] if part.endswith(".py") else (ROOT / part).rglob("*.py"))
)
THEIRS = ("detectron2", "fvcore")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith(("__", "_abc_"))


def private_imports(tree: ast.AST) -> list[str]:
    """Imported names of theirs, and attributes of their imported modules, with an underscore in front."""
    found, modules = [], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in THEIRS:
            parts = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            found += [part for part in parts if is_private(part)]
            modules |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in THEIRS:
                    found += [part for part in alias.name.split(".") if is_private(part)]
                    modules.add(alias.asname or alias.name.split(".")[0])
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in modules:
                found.append(node.attr)
    return found


def private_attributes(cls: type) -> set[str]:
    source = inspect.getsource(cls)
    return set(re.findall(r"\bself\.(_[a-z]\w*)", source)) | {name for name in vars(cls) if is_private(name)}


def heirs() -> list[type]:
    """Our classes that derive from one of theirs."""
    classes = []
    for module in pkgutil.walk_packages(dnt_d2.__path__, "dnt_d2."):
        if module.name.endswith("__main__"):
            continue
        for thing in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(thing) and thing.__module__ == module.name and bases(thing):
                classes.append(thing)
    return classes


def bases(cls: type) -> list[type]:
    return [base for base in cls.__mro__[1:] if base.__module__.split(".")[0] in THEIRS]


def test_the_search_finds_what_it_looks_for() -> None:
    code = "from detectron2.x import _a, b\nimport detectron2.engine as e\nprint(b._c, e.d._f, other._g, e.h)"
    assert private_imports(ast.parse(code)) == ["_a", "_c", "_f"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_private_name_is_imported(path: Path) -> None:
    assert private_imports(ast.parse(path.read_text())) == []


def test_no_private_attribute_is_inherited() -> None:
    classes = heirs()
    assert {"Trainer", "VIDEvaluator", "TimmBackbone"} <= {cls.__name__ for cls in classes}
    for cls in classes:
        theirs = {name for base in bases(cls) for name in private_attributes(base)}
        assert private_attributes(cls) & theirs == set(), cls
