"""The fetcher of browsers: what is there is taken, what is missing is said, and what was got can be started."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

# Stand-ins: apt-get "downloads" an empty package; dpkg-deb unpacks a program that says its version.
APT = 'for option; do case $option in Dir::Cache::archives=*) touch "${option#*=}/browser.deb";; esac; done'
DPKG = r"""mkdir -p "$3/usr/lib/chromium"
printf '#!/bin/sh\necho "Chromium 1" "$@"\n' >"$3/usr/lib/chromium/chromium-headless-shell"
chmod 755 "$3/usr/lib/chromium/chromium-headless-shell"
"""


@pytest.fixture
def tool(load_script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The script as a module, on a machine without a browser: the PATH is an empty folder, ``tmp_path / "bin"``."""
    module = load_script("tools/fetch_browser.py")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CHROME", raising=False)
    return module


@pytest.fixture
def tool_with_packages(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The same with stand-ins for Debian's programs, and with the usual ones, which the wrapper needs."""
    program(tmp_path / "bin" / "apt-get", APT)
    program(tmp_path / "bin" / "dpkg-deb", DPKG)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(tool, "NAMES", ())
    return tool


def program(path: Path, text: str = "") -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_without_any_way_to_get_one_the_reason_is_kept(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fetch_browser.py", str(tmp_path / "browser")])
    assert tool.find_browser(tmp_path / "browser") is None
    assert tool.main() == 1
    assert "no apt-get" in (tmp_path / "browser" / "why_not.txt").read_text()
    assert "no apt-get" in capsys.readouterr().err


def test_what_is_there_is_taken(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = tmp_path / "browser" / "chromium"
    fetched.parent.mkdir()
    program(fetched)
    assert tool.fetch(fetched.parent) == fetched
    on_path = program(tmp_path / "bin" / "google-chrome")
    assert tool.fetch(fetched.parent) == on_path
    named = program(tmp_path / "mine")
    monkeypatch.setenv("CHROME", str(named))
    assert tool.fetch(fetched.parent) == named
    monkeypatch.setenv("CHROME", str(tmp_path / "nobody"))
    with pytest.raises(tool.BrowserError, match=r"\$CHROME is .*nobody"):
        tool.fetch(fetched.parent)


def test_packages_are_unpacked_and_started(
    tool_with_packages: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "browser"
    target.mkdir()
    (target / "why_not.txt").write_text("an older reason")
    monkeypatch.setattr(sys, "argv", ["fetch_browser.py", str(target)])
    assert tool_with_packages.main() == 0
    assert capsys.readouterr().out.strip() == str(target / "chromium")
    moved = target.rename(tmp_path / "elsewhere")  # the wrapper finds what lies beside it
    done = subprocess.run([str(moved / "chromium"), "--version"], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"Chromium 1 --version\n"
    assert sorted(path.name for path in moved.iterdir()) == ["chromium", "root"]


def test_a_browser_that_does_not_start_is_not_kept(tool_with_packages: ModuleType, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "dpkg-deb", DPKG.replace("echo", "exit 3;"))
    with pytest.raises(tool_with_packages.BrowserError, match="does not start"):
        tool_with_packages.fetch(tmp_path / "browser")
    assert not (tmp_path / "browser" / "chromium").exists()


def test_what_apt_get_said_is_told(tool: ModuleType, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "apt-get", "echo 'E: no network'; exit 100")
    program(tmp_path / "bin" / "dpkg-deb")
    with pytest.raises(tool.BrowserError, match=r"can't download chromium-headless-shell.*\n.*no network"):
        tool.fetch(tmp_path / "browser")
