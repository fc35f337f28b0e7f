"""dnt_d2/soak/systems.py and what belongs to it: the rules of the poorer system, and a little of the soak."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dnt_d2.soak.record import Work
from dnt_d2.soak.systems import _million, run
from dnt_d2.soak.systems_names import refusals
from dnt_d2.soak.systems_poor import environment

# Stands for a source of the project: rules are for these alone.
_OURS = """
import os, signal, sys
seen = [os.name, sys.platform, hasattr(os, "fork"), hasattr(signal, "SIGKILL"), hasattr(os, "replace"), os.F_OK]
try:
    import fcntl
except ImportError as error:
    seen.append(str(error))
"""
_PROGRAM = """
import builtins, multiprocessing, os, signal, sys
from pathlib import Path
space = {{"__file__": {ours!r}}}
exec(compile({text!r}, {ours!r}, "exec"), space)
print(space["seen"] + [os.name, sys.platform, hasattr(os, "fork"), multiprocessing.get_start_method()])
folder = Path({folder!r})
(folder / "a").touch()
busy = open(folder / "a", "rb")
other = folder / "b"
other.touch()
for what in (
    lambda: os.replace(other, folder / "a"),
    lambda: os.remove(folder / "a"),
    lambda: (folder / "link").symlink_to(other),
    lambda: (folder / "B").touch(),
    lambda: (folder / "x:y").mkdir(),
    lambda: open(folder / "a"),
):
    try:
        what()
        print("done")
        (folder / "a").touch()
        other.touch()
    except Exception as error:
        print(type(error).__name__)
busy.close()
other.touch()
os.replace(other, folder / "a")
"""


@pytest.mark.parametrize("poor", [True, False])
def test_what_is_taken_away(tmp_path: Path, poor: bool) -> None:
    """From sources of the project; others have it all."""
    folder = tmp_path / "work"
    folder.mkdir()
    ours = str(Path(__file__).parents[2] / "dnt_d2" / "made_up.py")
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM.format(ours=ours, text=_OURS, folder=str(folder)))
    variables = environment(tmp_path / "site", poor=poor, start="spawn" if poor else "forkserver")
    done = subprocess.run([sys.executable, str(program)], env=variables, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    seen, *ends = done.stdout.splitlines()
    if poor:
        fcntl = "\"No module named 'fcntl'\""
        assert seen == f"['nt', 'win32', False, False, True, 0, {fcntl}, 'posix', 'linux', True, 'spawn']"
        no = "PermissionError"
        assert ends == [no, no, no, "FileExistsError", "OSError", "EncodingWarning"]
    else:
        assert seen == "['posix', 'linux', True, True, True, 0, 'posix', 'linux', True, 'forkserver']"
        assert ends == ["done", "done", "done", "done", "done", "EncodingWarning"]


def test_names_that_are_fine_here_are_written(tmp_path: Path) -> None:
    """Most are: it is the poorer system that refuses them."""
    found = refusals(tmp_path)
    assert "('what?',) was written" in found
    assert "('Dog', 'dog') was written" in found


def test_a_million_frames_in_small() -> None:
    fault = _million(1000)
    assert fault.passed
    assert 0 < fault.details["testing"]["MB"] <= fault.details["training"]["MB"] < 1.3


@pytest.mark.slow
def test_a_little_of_the_soak(tmp_path: Path) -> None:
    faults = list(run(Work(tmp_path, amount=0.01)))
    assert [fault.what for fault in faults if not fault.passed] == []
    assert len(faults) == 8
