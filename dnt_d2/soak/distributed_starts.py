"""The ways to start several processes: Detectron2's launch and torchrun, on one machine or as if on two."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .small_run import SmallRun

LONGEST = 400.0
"""Seconds after which a run counts as hung."""


@dataclass(frozen=True)
class Way:
    """How processes are started.

    Attributes:
        launcher: "launch" or "torchrun".
        ranks: on each machine.
        machines: several are simulated on this one.
    """

    launcher: str
    ranks: int
    machines: int = 1

    @property
    def name(self) -> str:
        """As a part of a file name."""
        return f"{self.launcher}_{self.machines}x{self.ranks}"

    def commands(self, command: Sequence[str], *torchrun_options: str) -> list[list[str]]:
        """One command for each machine.

        Args:
            command: Python, the program (a file, or ``-m`` and a module), ``--config-file FILE``, and the rest.
            torchrun_options: before the program.
        """
        place = command.index("--config-file")
        python, program, rest = command[0], command[1:place], command[place:]
        port = str(_free_port())
        if self.launcher == "torchrun":
            head = [python, "-m", "torch.distributed.run", "--nproc-per-node", str(self.ranks), *torchrun_options]
            meet = ["--nnodes", str(self.machines), "--master-addr", "127.0.0.1", "--master-port", port]
            return [[*head, *meet, "--node-rank", str(machine), *program, *rest] for machine in range(self.machines)]
        options = ["--num-gpus", str(self.ranks)]
        if self.machines == 1:
            return [[python, *program, *options, *rest]]
        options += ["--num-machines", str(self.machines), "--dist-url", f"tcp://127.0.0.1:{port}"]
        return [[python, *program, *options, "--machine-rank", str(i), *rest] for i in range(self.machines)]


@dataclass
class Started:
    """The launchers of a run, one for each machine.

    Attributes:
        processes: in the order of the machines.
        output: the run's folder.
        log: what all of them print.
    """

    processes: list[subprocess.Popen[bytes]]
    output: Path
    log: Path

    @classmethod
    def start(cls, run: SmallRun, output: str, commands: Sequence[Sequence[str]]) -> Started:
        """Start the commands of all machines."""
        log = run.folder / f"{output}.log"
        return cls([run.start(list(command), log) for command in commands], run.folder / output, log)

    def wait(self, seconds: float = LONGEST, machines: int | None = None) -> list[int | None]:
        """The exit codes of the launchers; None is one that has not ended in time.

        Args:
            seconds: to wait for them, all together.
            machines: wait for the first so many only; else for all, and those that have not ended are killed.
        """
        limit = time.monotonic() + seconds
        codes: list[int | None] = []
        for process in self.processes[:machines]:
            try:
                codes.append(process.wait(max(0.0, limit - time.monotonic())))
            except subprocess.TimeoutExpired:
                codes.append(None)
        if machines is None:
            self.kill()
        return codes

    def kill(self) -> None:
        """Kill the launchers that still run; their ranks end with them, and if not, are killed here."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    def running(self) -> bool:
        """Whether any launcher is."""
        return any(process.poll() is None for process in self.processes)

    def rank(self, number: int) -> int | None:
        """The process number of a rank, as its log tells it; None if it does not yet."""
        log = self.output / (f"log.txt.rank{number}" if number else "log.txt")
        found = re.findall(rf"rank {number} of \d+ is process (\d+) on", log.read_text()) if log.is_file() else []
        return int(found[-1]) if found else None

    def until(self, there: Callable[[], Any], seconds: float = LONGEST) -> bool:
        """Wait for something; False if the run ends, or takes too long, before it is there."""
        limit = time.monotonic() + seconds
        while not there():
            if time.monotonic() > limit or not self.running():
                return bool(there())
            time.sleep(0.02)
        return True

    def text(self) -> str:
        """All that was printed."""
        return self.log.read_text(errors="replace")


def has_ended(process: int) -> bool:
    """Whether a process is gone, or a zombie whose parent has not asked for it."""
    stat = Path(f"/proc/{process}/stat")
    if sys.platform.startswith("linux"):
        try:
            return stat.read_text().rpartition(")")[2].split()[0] in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def children(process: int) -> list[int]:
    """The processes that it has started; none where the system doesn't tell."""
    try:
        return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
