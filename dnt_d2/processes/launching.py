"""As many processes as the command line asks for: by Detectron2's `launch`, or as torchrun has started them.

Three things differ from `launch` alone. With ``MODEL.DEVICE cpu`` the processes are joined by gloo, also on a machine
with GPUs. They end with the launcher, however that ended. And its last words name the rank that failed, and its log.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from detectron2.engine import default_argument_parser, launch
from detectron2.engine.launch import DEFAULT_TIMEOUT
from torch.multiprocessing import ProcessExitedException, ProcessRaisedException

from ..command_config import config_of
from ..training.preemption import signals_passed_on
from .ranks import end_with_parent, run_rank
from .torchrun import check_gpus, check_options, place_from, run_place

DEFAULT_URL = "auto"
DEFAULT_MINUTES = DEFAULT_TIMEOUT.total_seconds() / 60


class RankError(RuntimeError):
    """A rank of this machine failed: which one, how, and where to look."""


def argument_parser(epilog: str | None = None) -> argparse.ArgumentParser:
    """Detectron2's arguments, and how long ranks wait for each other. On one machine a free port is taken.

    Args:
        epilog: shown below the help.
    """
    parser = default_argument_parser(epilog=epilog)
    parser.set_defaults(dist_url=DEFAULT_URL)
    parser.add_argument(
        "--timeout",
        type=float,
        default=DEFAULT_MINUTES,
        metavar="MINUTES",
        help="how long a rank waits for the others until all end with an error (default: %(default)g). In an "
        "evaluation all wait for the rank that is last with its videos, and then for rank 0, which puts the report "
        "together: allow for more than the longest video takes",
    )
    return parser


def launch_ranks(main: Callable[[argparse.Namespace], Any], args: argparse.Namespace) -> bool:
    """Run ``main(args)`` in as many processes as ``args`` say, in this one, or in those that torchrun has started.

    Args:
        main: a function of a module or script, which each process imports. Its result is dropped.
        args: of :func:`argument_parser`.

    Returns:
        Whether this process has something to do afterwards: of those that torchrun has started, rank 0 alone has.

    Raises:
        ValueError: the options contradict each other, torchrun, or the machine.
        RankError: a rank of this machine failed; the others of this machine were ended.
    """
    if args.timeout <= 0:
        raise ValueError(f"--timeout is {args.timeout:g}: it must be above 0 minutes")
    place = place_from(os.environ)
    if place is not None:
        check_options(args, place, DEFAULT_URL)
        run_place(main, args, place, config_of(args).MODEL.DEVICE)
        return place.rank == 0
    _check(args)
    if args.num_gpus * args.num_machines == 1:
        run_rank(main, args)
        return True
    cfg = config_of(args)
    try:
        with _gpus_for(cfg.MODEL.DEVICE, args.num_gpus), signals_passed_on():
            launch(
                _run_with_parent,
                args.num_gpus,
                num_machines=args.num_machines,
                machine_rank=args.machine_rank,
                dist_url=args.dist_url,
                args=(os.getpid(), main, args),
                timeout=timedelta(minutes=args.timeout),
            )
    except (ProcessExitedException, ProcessRaisedException) as error:
        raise RankError(_last_words(error, args, Path(cfg.OUTPUT_DIR))) from None
    return True


def _run_with_parent(parent: int, main: Callable[[argparse.Namespace], Any], args: argparse.Namespace) -> None:
    end_with_parent(parent)
    run_rank(main, args)


def _check(args: argparse.Namespace) -> None:
    if args.num_gpus < 1 or args.num_machines < 1:
        raise ValueError(f"--num-gpus {args.num_gpus} and --num-machines {args.num_machines} must be 1 or more")
    if not 0 <= args.machine_rank < args.num_machines:
        raise ValueError(
            f"--machine-rank is {args.machine_rank}, but with --num-machines {args.num_machines} it must be from 0 to "
            f"{args.num_machines - 1}, another one on each machine"
        )
    if args.num_machines > 1 and args.dist_url == DEFAULT_URL:
        raise ValueError(
            f"--num-machines is {args.num_machines}: give --dist-url tcp://HOST:PORT too, the same on all machines, "
            "with the name of machine 0 and a free port there"
        )


@contextmanager
def _gpus_for(device: str, ranks: int) -> Iterator[None]:
    """Processes that start meanwhile see no GPU if they compute on the CPU: `launch` would join them by NCCL."""
    if torch.device(device).type == "cuda":
        check_gpus(ranks, "--num-gpus")
        yield
        return
    name = "CUDA_VISIBLE_DEVICES"
    before = os.environ.get(name)
    os.environ[name] = ""
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def _last_words(error: ProcessExitedException | ProcessRaisedException, args: argparse.Namespace, output: Path) -> str:
    rank = args.machine_rank * args.num_gpus + error.error_index
    who = f"rank {rank} of {args.num_machines * args.num_gpus} (process {error.error_pid})"
    log = output / (f"log.txt.rank{rank}" if rank else "log.txt")
    after = (
        f"The other ranks of this machine were ended. Its log is {log}. What was saved is kept: once the cause is "
        "gone, run the same command again, a training with --resume."
    )
    if not isinstance(error, ProcessExitedException):
        return f"{error.msg.rstrip()}\n\n{who} failed with the error above. {after}"
    if error.exit_code >= 0:
        return f"{who} ended with exit status {error.exit_code}; see what it said above. {after}"
    name = error.signal_name or f"signal {-error.exit_code}"
    memory = " (which the system sends when memory runs out)" if name == "SIGKILL" else ""
    return f"{who} was ended by {name}{memory}. {after}"
