"""Detectron2's `launch`, whose processes also leave their group before they end.

PyTorch's gloo has threads that let go of the last tensors of a collective operation some time after its result is
there. A thread that does so while Python ends is thrown out of it, and takes the process with it: "terminate called
without an active exception", SIGABRT, and a run whose numbers are all written counts as failed. Detectron2 never leaves
the group; here all ranks do, so that those threads have ended before Python does.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable
from typing import Any

from detectron2.engine import launch
from detectron2.utils import comm
from torch import distributed


def launch_ranks(main: Callable[[argparse.Namespace], Any], args: argparse.Namespace) -> None:
    """Run ``main(args)`` in as many processes as ``args`` say, or in this one.

    Args:
        main: a function of a module or script, which each process imports. Its result is dropped.
        args: of Detectron2's ``default_argument_parser``.

    Raises:
        torch.multiprocessing.ProcessRaisedException: with the traceback of the first process that failed; the others
            of this machine are ended.
    """
    launch(
        run_rank,
        args.num_gpus,
        num_machines=args.num_machines,
        machine_rank=args.machine_rank,
        dist_url=args.dist_url,
        args=(main, args),
    )


def run_rank(main: Callable[..., Any], *args: Any) -> None:
    """``main(*args)``, then :func:`leave_groups`: what each process runs.

    After an error nothing is left: the other ranks may be in the midst of something, and would be waited for.
    """
    main(*args)
    leave_groups()


def leave_groups() -> None:
    """Wait for all ranks, then leave every process group and end its threads; without a group do nothing.

    All ranks must call it, and nothing that communicates may be in use any more: a model in
    ``DistributedDataParallel`` keeps its group, and with it the threads.
    """
    if not distributed.is_available() or not distributed.is_initialized():
        return
    comm.synchronize()
    distributed.destroy_process_group()
    for name, value in list(vars(comm).items()):  # Detectron2 keeps groups too, in names that are its own affair
        if isinstance(value, distributed.ProcessGroup):
            setattr(comm, name, None)
        elif hasattr(value, "cache_clear"):
            value.cache_clear()
    gc.collect()  # a trainer and its hooks hold each other, and the model
