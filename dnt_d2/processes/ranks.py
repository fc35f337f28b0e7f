"""What a process does around its part of a run of several: end when others do, say what went wrong, leave in order.

PyTorch's gloo has threads that let go of the last tensors of a collective operation some time after its result is
there. A thread that does so while Python ends is thrown out of it, and takes the process with it: "terminate called
without an active exception", SIGABRT, and a run whose numbers are all written counts as failed. Detectron2 never leaves
the group; here all ranks do, so that those threads have ended before Python does.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from detectron2.utils import comm
from torch import distributed

logger = logging.getLogger(__name__)

SECONDS_FOR_THE_CAUSE = 3.0
"""So long a rank that only noticed another one's end waits before it fails too: the launcher names the first."""

# What PyTorch says of a rank that is gone or late: gloo in RuntimeErrors, NCCL and the store in errors of their own.
_OTHERS_ARE_GONE = ("gloo", "Connection closed by peer", "Connection reset by peer", "Timed out", "Broken pipe", "NCCL")


class OthersGoneError(RuntimeError):
    """This rank did nothing wrong: another one ended, or is late."""


def run_rank(main: Callable[..., Any], *args: Any) -> None:
    """``main(*args)``, then :func:`leave_groups`: what each process runs.

    After an error nothing is left: the other ranks may be in the midst of something, and would be waited for. The error
    goes to this rank's log (``log.txt.rankN`` in OUTPUT_DIR), and on to the launcher, which ends the others. A rank
    that has lost the others waits a moment first, for the launcher to see the one that was the cause.

    Raises:
        OthersGoneError: in the place of what PyTorch says when another rank ended or is late.
    """
    try:
        main(*args)
        leave_groups()
    except Exception as error:
        if not distributed.is_available() or not distributed.is_initialized():
            raise
        who = f"rank {comm.get_rank()} of {comm.get_world_size()}"
        logger.exception(f"{who} failed")
        if not others_are_gone(error):
            raise
        time.sleep(SECONDS_FOR_THE_CAUSE)
        raise OthersGoneError(
            f"{who} lost the others: one of them ended, or let it wait for longer than --timeout. Which one, and why, "
            "is in the logs of the others, log.txt and log.txt.rankN in OUTPUT_DIR, and in what their machines said"
        ) from error


def others_are_gone(error: BaseException) -> bool:
    """Whether an error says that other ranks ended, or are late; and is no fault of this one."""
    if isinstance(error, distributed.DistError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _OTHERS_ARE_GONE)


def end_with_parent(parent: int) -> None:
    """Have the system kill this process when the launcher is gone, however it ended; on Linux, elsewhere do nothing.

    Args:
        parent: the process number of the launcher, which may have ended already.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


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
