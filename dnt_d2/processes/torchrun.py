"""Processes that torchrun (``python -m torch.distributed.run``) has started, and that know of each other by variables.

torchrun --nproc-per-node 4 train_net.py --config-file configs/DnT_R_101.yaml
torchrun --nnodes 2 --nproc-per-node 4 --rdzv-backend c10d --rdzv-endpoint HOST:29400 train_net.py --config-file ...
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from detectron2.utils import comm
from torch import distributed
from torch.distributed.elastic.multiprocessing.errors import record

from .ranks import end_with_parent, run_rank

# MASTER_ADDR and MASTER_PORT are read by PyTorch itself.
_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class Place:
    """Which of all processes this one is.

    Attributes:
        rank, world_size: among all.
        local_rank, local_world_size: among those of this machine.
    """

    rank: int
    world_size: int
    local_rank: int
    local_world_size: int

    @property
    def machines(self) -> int:
        """How many there are."""
        return self.world_size // self.local_world_size


def place_from(environment: Mapping[str, str]) -> Place | None:
    """The place that torchrun gave this process, or None if it did not start it.

    RANK and WORLD_SIZE alone are no sign of it: some clusters number machines by them.

    Raises:
        ValueError: some of the variables are missing, or contradict each other.
    """
    if not {"RANK", "LOCAL_RANK"} <= set(environment):
        return None
    missing = [name for name in _VARIABLES if name not in environment]
    if missing:
        raise ValueError(
            f"the environment has RANK and LOCAL_RANK, as torchrun sets them, but not {', '.join(missing)}: start the "
            "program by torchrun, or unset RANK and LOCAL_RANK"
        )
    place = Place(*(int(environment[name]) for name in _VARIABLES[:4]))
    told = " ".join(f"{name}={environment[name]}" for name in _VARIABLES[:4])
    if not (0 <= place.rank < place.world_size and 0 <= place.local_rank < place.local_world_size):
        raise ValueError(f"the environment contradicts itself: {told}")
    if place.world_size % place.local_world_size or place.rank % place.local_world_size != place.local_rank:
        raise ValueError(
            f"{told}: each machine must have as many ranks as the others, numbered one machine after the other; give "
            "torchrun the same --nproc-per-node everywhere"
        )
    return place


def check_options(args: argparse.Namespace, place: Place, default_url: str) -> None:
    """Refuse options for Detectron2's launcher that say something else than torchrun does.

    Args:
        args: of :func:`dnt_d2.processes.launching.argument_parser`.
        default_url: what ``dist_url`` is when nobody gave one.

    Raises:
        ValueError: names the option, and what to do.
    """
    machine = place.rank // place.local_world_size
    told = {
        "--num-gpus": (args.num_gpus, 1, place.local_world_size),
        "--num-machines": (args.num_machines, 1, place.machines),
        "--machine-rank": (args.machine_rank, 0, machine),
    }
    for option, (value, default, actual) in told.items():
        if value not in (default, actual):
            raise ValueError(
                f"{option} is {value}, but torchrun says {actual}: leave the option away, torchrun has its own "
                "(--nproc-per-node, --nnodes, --node-rank)"
            )
    if args.dist_url != default_url:
        raise ValueError(
            f"--dist-url is {args.dist_url}, but torchrun has its own meeting point: leave the option away "
            "(--rdzv-endpoint, or --master-addr and --master-port)"
        )


def run_place(main: Callable[[argparse.Namespace], Any], args: argparse.Namespace, place: Place, device: str) -> None:
    """Join the group of all processes, run ``main(args)``, and leave it.

    Args:
        main: whose result is dropped; its error also goes to torchrun's summary.
        args: with ``timeout`` in minutes.
        place: of this process.
        device: MODEL.DEVICE: a GPU is joined by NCCL, and each rank has its own; "cpu" is joined by gloo.

    Raises:
        ValueError: the machine has fewer GPUs than ranks.
    """
    end_with_parent(os.getppid())
    record(_run_place)(main, args, place, device)


def _run_place(main: Callable[..., Any], args: argparse.Namespace, place: Place, device: str) -> None:
    if place.world_size > 1:
        _join_group(place, on_gpu=torch.device(device).type == "cuda", timeout=timedelta(minutes=args.timeout))
    run_rank(main, args)


def _join_group(place: Place, *, on_gpu: bool, timeout: timedelta) -> None:
    if on_gpu:
        check_gpus(place.local_world_size, "torchrun --nproc-per-node")
        torch.cuda.set_device(place.local_rank)
    store, rank, world_size = next(
        distributed.rendezvous("env://", rank=place.rank, world_size=place.world_size, timeout=timeout)
    )
    store.set_timeout(timeout)
    # torchrun keeps its store over a restart of the ranks, with the addresses of those that are gone.
    store = distributed.PrefixStore(f"restart_{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    distributed.init_process_group(
        "nccl" if on_gpu else "gloo", store=store, rank=rank, world_size=world_size, timeout=timeout
    )
    comm.create_local_process_group(place.local_world_size)
    comm.synchronize()


def check_gpus(ranks: int, option: str) -> None:
    """Refuse more ranks than this machine has GPUs.

    Raises:
        ValueError: names the option that asked for them.
    """
    there = torch.cuda.device_count()
    if ranks > there:
        raise ValueError(
            f"{option} is {ranks}, but this machine has {there} GPUs that PyTorch can use: ask for {there}, or set "
            "MODEL.DEVICE to cpu"
        )
