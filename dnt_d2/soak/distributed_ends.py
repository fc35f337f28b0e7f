"""A rank, a launcher or a disk fails: all end with an error that names the rank, and the same command goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from .distributed_cases import LIMIT, Case, seconds_of, signal_rank, strike
from .distributed_evaluation import apart, killed_in_evaluation
from .distributed_reference import PROGRAM, Reference, same_checkpoints
from .distributed_starts import Started, Way, children, has_ended
from .record import Fault, Work

WAYS = (Way("launch", 2), Way("torchrun", 2), Way("launch", 1, machines=2), Way("torchrun", 1, machines=2))
MINUTES = 0.5
"""How long ranks wait for a stopped one."""


def ends(reference: Reference, work: Work) -> Iterator[Fault]:
    """All kinds, by every way to start."""
    ways = WAYS[: work.scaled(len(WAYS))]
    yield killed_in_training(reference, ways)
    yield killed_in_evaluation(reference, ways)
    yield raises(reference, ways)
    yield stopped(reference, ways)
    yield launcher_killed(reference, ways)
    yield restarted(reference)
    yield apart(reference)


def killed_in_training(reference: Reference, ways: Sequence[Way]) -> Fault:
    """After the first checkpoint one rank gets SIGKILL."""
    start, cases = time.monotonic(), []
    for way in ways:
        case = _train(reference, way, "killed")
        strike(case, _has_checkpoint(case), partial(signal_rank, case, signal.SIGKILL))
        cases.append(case)
    what = "a rank is killed (SIGKILL) in training"
    return _trained(what, reference, cases, start)


def raises(reference: Reference, ways: Sequence[Way]) -> Fault:
    """One rank's Python raises in the sixth iteration."""
    start, cases = time.monotonic(), []
    for way in ways:
        case = _train(reference, way, "raises", "--raise-at", "5", program=PROGRAM)
        strike(case, partial(_says, case, "put there on purpose"), lambda: None)
        cases.append(case)
    return _trained("a rank raises an error in training", reference, cases, start)


def stopped(reference: Reference, ways: Sequence[Way]) -> Fault:
    """One rank hangs: SIGSTOP. All ways at once, since they wait."""
    start = time.monotonic()
    cases = [_train(reference, way, "stopped", "--timeout", str(MINUTES)) for way in ways]
    _stop_each(cases)
    since = time.monotonic()
    for case in cases:
        # A machine whose only rank is stopped can't notice: it ends once that goes on. The first machine must end.
        codes = case.started.wait(LIMIT + 60 * MINUTES, machines=1)
        seconds = time.monotonic() - since
        signal_rank(case, signal.SIGCONT)
        codes = codes[:1] + case.started.wait(LIMIT)[1:]
        case.seconds = seconds if all(codes) else None
    what = f"a rank hangs (SIGSTOP) in training, with --timeout {MINUTES:g}"
    return _trained(what, reference, cases, start, named=False)


def _stop_each(cases: Sequence[Case]) -> None:
    """SIGSTOP, each as soon as it has a checkpoint: waiting for one, another might come to its end."""
    left = list(cases)
    while left:
        for case in list(left):
            if _has_checkpoint(case)() or not case.started.running():
                signal_rank(case, signal.SIGSTOP)
                left.remove(case)
        time.sleep(0.02)


def launcher_killed(reference: Reference, ways: Sequence[Way]) -> Fault:
    """The last machine's launcher gets SIGKILL: no rank, and no loader's worker, stays."""
    start, cases = time.monotonic(), []
    for way in ways:
        case = _train(reference, way, "orphans", DATALOADER__NUM_WORKERS=1)
        launcher = case.started.processes[-1]
        case.started.until(_has_checkpoint(case))
        ranks = [process for process in map(case.started.rank, range(2)) if process is not None]
        everyone = [*ranks, *(child for rank in ranks for child in children(rank))]
        os.kill(launcher.pid, signal.SIGKILL)
        since = time.monotonic()
        while not all(map(has_ended, everyone)) and time.monotonic() - since < LIMIT:
            time.sleep(0.05)
        codes = case.started.wait(LIMIT)
        over = all(codes) and len(everyone) >= 4 and all(map(has_ended, everyone))
        case.seconds = time.monotonic() - since if over else None
        cases.append(case)
    what = "a launcher is killed (SIGKILL) in training; no process is left over"
    return _trained(what, reference, cases, start, named=False)


def restarted(reference: Reference) -> Fault:
    """torchrun starts all ranks again by itself, with --resume."""
    start = time.monotonic()
    way = Way("torchrun", 2)
    command = reference.command("restarted", "--resume")
    started = Started.start(reference.run, "restarted", way.commands(command, "--max-restarts", "1"))
    case = Case(way, "restarted", started)
    struck = started.until(_has_checkpoint(case)) and signal_rank(case, signal.SIGKILL)
    over = struck and started.wait() == [0] and same_checkpoints(reference.output, started.output)
    return Fault(
        "distributed",
        "a rank is killed in training under torchrun --max-restarts 1, with --resume",
        "it goes on by itself, to the weights of an undisturbed run",
        injected=1,
        survived=int(over),
        lost=0 if over else reference.steps,
        unit="iterations",
        seconds=time.monotonic() - start,
    )


def _train(reference: Reference, way: Way, fault: str, *options: str, program: Sequence[str] = (), **keys: Any) -> Case:
    name = f"{fault}_{way.name}"
    command = reference.command(name, *options, **keys)
    if program:
        command[1:2] = program
    return Case(way, name, Started.start(reference.run, name, way.commands(command)))


def _has_checkpoint(case: Case) -> Callable[[], bool]:
    tag = case.started.output / "last_checkpoint"
    return tag.is_file


def _says(case: Case, words: str) -> bool:
    return words in case.started.text()


def _trained(what: str, reference: Reference, cases: Sequence[Case], start: float, *, named: bool = True) -> Fault:
    """After a fault in training: resume each run, and count what came out different."""
    good = lost = 0
    for case in cases:
        Started.start(reference.run, case.name, case.way.commands(reference.command(case.name, "--resume"))).wait()
        equal = same_checkpoints(reference.output, case.started.output)
        good += equal and case.seconds is not None and (case.names_the_rank or not named)
        lost += 0 if equal else reference.steps
    message = " that names the rank" if named else ""
    return Fault(
        "distributed",
        what,
        f"all end with an error{message} within {LIMIT:g} s; with --resume the weights are those of an undisturbed run",
        injected=len(cases),
        survived=good,
        lost=lost,
        unit="iterations",
        seconds=time.monotonic() - start,
        details={"seconds_to_the_end": seconds_of(cases)},
    )
