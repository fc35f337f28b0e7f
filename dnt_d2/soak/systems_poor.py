"""A poorer system: what Windows and macOS lack, taken away from the code of this project.

A program that starts with this module (:func:`environment`), and every process that it starts, finds names of ``os``
and ``signal`` missing, modules that can't be imported, no links, no ``fork``, files that can't be replaced or removed
while they are open, file names with letters that can't be. Libraries go on using what this machine has: they have
their own ways on other systems, which can't be tried here.

It imports nothing of this package, since it comes before all else.
"""

from __future__ import annotations

import builtins
import json
import multiprocessing
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

VARIABLE = "DNT_D2_POOR_SYSTEM"
_ROOT = Path(__file__).resolve().parents[2]
_OURS = tuple(str(_ROOT / name) for name in ("dnt_d2", "tools", "datasets", "train_net.py"))

# What Windows lacks: modules; names of ``os``; in ``signal``, all but these.
MODULES = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty")
_GONE_FROM_OS = re.compile(
    r"(?!getpid|getppid|P_|._OK|TMP_MAX|SEEK_(CUR|END|SET)|O_(APPEND|CREAT|EXCL|RDONLY|RDWR|TRUNC|WRONLY)$)("
    r"[A-Z]+_[A-Z_]+|W[A-Z]+|(get|set|fget|fset).*(id|grp|groups|sid|priority|xattr|blocking)$|(posix|sched|memfd)_.*"
    r"|(list|remove)xattr|(get|open)pty|p(read|write)v?|(read|write)v|wait(3|4|id)?|(|f|l)ch(own|root|flags|dir)$(?<!^chdir)"
    r"|fork|forkpty|openpty|login_tty|killpg|mkfifo|mknod|major|minor|makedev|nice|pipe2|sendfile|splice|statvfs|fstatvfs"
    r"|sync|fdatasync|syscall|sysconf|fpathconf|pathconf|confstr|ctermid|ttyname|tc.etpgrp|uname|getloadavg|getrandom"
    r"|copy_file_range|fwalk|getgrouplist|initgroups|pidfd_open|eventfd.*|lockf|fchmod|lchmod|environb|getenvb|spawn.p.?|register_at_fork|sysconf_names)$"
)
_LEFT_IN_SIGNAL = re.compile(
    r"_|(get|raise_|str|valid_)?signals?$|SIG(ABRT|FPE|ILL|INT|SEGV|TERM|_DFL|_IGN)$|default_int_handler|set_wakeup_fd|Signals|Handlers"
)


def gone(module: ModuleType) -> list[str]:
    """The names of ``os`` or ``signal`` that Windows has not."""
    if module is os:
        return [name for name in dir(os) if _GONE_FROM_OS.match(name)]
    return [name for name in dir(module) if not _LEFT_IN_SIGNAL.match(name)]


_NOT_IN_NAMES = re.compile(r'[<>:"\\|?*\x00-\x1f]|[. ]$')


def environment(folder: Path, *, poor: bool = True, start: str = "spawn", encoding: str = "cp1252") -> dict[str, str]:
    """Variables that make a Python program start on such a system.

    Args:
        folder: an empty one; the rules about files hold below its parent.
        poor: take away what Windows lacks; otherwise only the next two are done.
        start: "fork", "spawn" or "forkserver": how :mod:`multiprocessing` starts processes.
        encoding: of the standard streams.
    """
    folder.mkdir(parents=True)
    code = "import importlib.util as u; s = u.spec_from_file_location('dnt_d2_poor', {!r}); m = u.module_from_spec(s)\n"
    text = code.format(str(Path(__file__).resolve())) + "s.loader.exec_module(m); m.install()\n"
    (folder / "sitecustomize.py").write_text(text, encoding="utf-8")
    settings = {"poor": poor, "start": start, "folder": str(folder.parent.resolve())}
    return {
        **os.environ,
        VARIABLE: json.dumps(settings),
        "PYTHONPATH": str(folder),
        "PYTHONIOENCODING": encoding,
        "PYTHONWARNDEFAULTENCODING": "1",
        "OMP_NUM_THREADS": "1",
    }


def install() -> None:
    """Do what the variable says, in this process and in all that it starts."""
    settings = json.loads(os.environ[VARIABLE])
    multiprocessing.set_start_method(settings["start"], force=True)
    warnings.filterwarnings("ignore", category=EncodingWarning)
    warnings.filterwarnings("error", category=EncodingWarning, module=r"(dnt_d2|__main__|__mp_main__|train_net)\b")
    if settings["poor"]:
        look, read_link = os.listdir, os.readlink
        none: dict[str, Any] = {"supports_dir_fd": set(), "supports_fd": set(), "supports_follow_symlinks": set()}
        _hide(os, dict.fromkeys(gone(os)) | none | {"name": "nt"})
        _hide(signal, dict.fromkeys(gone(signal)))
        _hide(sys, {"platform": "win32"})
        builtins.__import__ = _importer(builtins.__import__)
        sys.addaudithook(_FileRules(settings["folder"], look, read_link))


def _hide(module: ModuleType, values: Mapping[str, Any]) -> None:
    """Let others find in a module what it had, and our code what there is on the poor system."""
    before = {name: module.__dict__.pop(name) for name in values if name in module.__dict__}

    def find(name: str) -> Any:
        ours = _is_ours()
        if name not in before or (ours and values[name] is None):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return values[name] if ours else before[name]

    module.__getattr__ = find  # type: ignore[method-assign]


def _is_ours() -> bool:
    """Whether who called our caller is code of this project."""
    frame: FrameType | None = sys._getframe(1).f_back
    path = frame.f_code.co_filename if frame is not None else ""
    return path.startswith(_OURS) and path != __file__


def _importer(before: Callable[..., Any]) -> Callable[..., Any]:
    def find(name: str, *args: Any, **options: Any) -> Any:
        if name.partition(".")[0] in MODULES and _is_ours():
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return before(name, *args, **options)

    return find


class _FileRules:
    """An audit hook: what Windows does not do with files, below one folder."""

    def __init__(self, folder: str, look: Callable[..., Any], read_link: Callable[..., Any]) -> None:
        self._folder, self._look, self._read_link = folder, look, read_link

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "os.fork":
            raise OSError("this system has no fork")
        if event == "os.symlink" and self._holds(args[1]):
            raise PermissionError(1, "A required privilege is not held by the client", args[1])
        if event in ("os.remove", "os.rename"):
            for path in args[: 1 + (event == "os.rename")]:
                self._check_closed(path)
        if event in ("os.mkdir", "os.rename") or (event == "open" and self._is_new(args)):
            self._check_name(args[event == "os.rename"])
        if event == "open" and _is_ours():
            if str(args[0]).startswith(("/proc/", "/dev/", "/sys/")):
                raise FileNotFoundError(2, "No such file or directory", args[0])
            if isinstance(args[0], (str, bytes)) and os.path.isdir(args[0]):
                raise PermissionError(13, "Permission denied", args[0])  # folders can't be opened

    def _holds(self, path: Any) -> bool:
        return isinstance(path, (str, os.PathLike)) and os.path.abspath(path).startswith(self._folder)

    def _is_new(self, args: tuple[Any, ...]) -> bool:
        return bool(args[2] & os.O_CREAT) and not os.path.exists(args[0])

    def _check_closed(self, path: Any) -> None:
        if not self._holds(path) or not os.path.isfile(path):
            return
        for number in self._look("/proc/self/fd"):
            try:
                found = self._read_link(f"/proc/self/fd/{number}")
            except OSError:  # the descriptor that lists them
                continue
            if found == os.path.realpath(path):
                raise PermissionError(13, "The process cannot access the file because it is being used", path)

    def _check_name(self, path: Any) -> None:
        """As Windows has it; and another name that differs in case alone is the same file there."""
        if not self._holds(path):
            return
        folder, name = os.path.split(os.path.abspath(path))
        if _NOT_IN_NAMES.search(name):
            raise OSError(22, "The filename, directory name, or volume label syntax is incorrect", path)
        others = self._look(folder) if os.path.isdir(folder) else []
        if name not in others and name.casefold() in (other.casefold() for other in others):
            raise FileExistsError(17, "The name differs in case alone from that of another file", path)
