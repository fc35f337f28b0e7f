"""A training that is asked to stop (SIGTERM, Ctrl-C) finishes its iteration, saves a checkpoint, and says so.

A scheduler that wants its machine back sends SIGTERM, and SIGKILL after 30 seconds or so. What it reaches may be the
launcher alone, one rank alone, or every process there is; loader workers too, which then must not end before the ranks.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import torch
from detectron2.engine import HookBase
from detectron2.utils import comm
from torch import distributed
from torch.multiprocessing import ProcessExitedException

from .checkpoint import WholeFileCheckpointer

logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopOnSignal(HookBase):
    """Ends a training at a signal, with a checkpoint from which ``--resume`` goes on, and exit status 128 + signal.

    In an iteration the signal waits for its end; then all ranks stop, though only one may have got it. In an
    evaluation, which may take hours, each rank stops at once; the first saves the iteration before, if that wasn't. A
    second Ctrl-C ends a rank without anything; a second SIGTERM changes nothing: schedulers send it to many, who pass
    it on.

    To be registered after the periodic checkpoints and before evaluations. Works in the main thread alone.
    """

    def __init__(self, checkpointer: WholeFileCheckpointer) -> None:
        self._checkpointer = checkpointer
        self._received = self._stopping = 0
        self._done: int | None = None  # the last iteration of this process, once it is over
        self._waits = True  # for the end of an iteration
        self._process = os.getpid()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within this the signals are ours."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._process = os.getpid()
        before = {number: signal.signal(number, self._receive) for number in SIGNALS}
        try:
            yield
        finally:
            _hold_back(False)
            _give_back(before)

    def before_train(self) -> None:
        """A resumed training may have an evaluation to make up for first."""
        self._waits = self.trainer.start_iter == 0

    def before_step(self) -> None:
        self._waits = True
        # Loader workers inherit this. They start in the first step, and ignore signals soon after, not at once.
        _hold_back(self._done is None)

    def after_step(self) -> None:
        """Stop, if any rank was asked to.

        Raises:
            SystemExit: with 128 + signal.
            OSError: the checkpoint can't be written.
        """
        _hold_back(False)
        self._done, self._waits = self.trainer.iter, False
        self._stopping = self._ask_all()
        if self._stopping:
            self._save()
            comm.synchronize()  # the launcher ends all ranks when one has ended
            self._exit()

    def after_train(self) -> None:
        """Keep Detectron2 from the evaluation that it does after the last iteration, however that ended.

        Raises:
            SystemExit: with 128 + signal.
        """
        if self._stopping and self.trainer.iter + 1 >= self.trainer.max_iter:
            self._exit()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            return  # a loader's worker, forked a moment ago: it must outlive its trainer's signals
        if self._received == number == signal.SIGINT:
            _end(number, KeyboardInterrupt())
        if self._received:
            return
        self._received = number
        if self._waits:
            logger.warning(f"{_name(number)}: stopping after this iteration, with a checkpoint")
            return
        self._stopping = number
        self._save()
        self._exit()

    def _ask_all(self) -> int:
        if comm.get_world_size() == 1:
            return self._received
        flag = torch.tensor([self._received], device=next(self.trainer.model.parameters()).device)
        distributed.all_reduce(flag, op=distributed.ReduceOp.MAX)
        return int(flag.item())

    def _save(self) -> None:
        """Save the last iteration, if that wasn't done."""
        if self._done is None:
            return
        name = f"model_{self._done:07d}"
        is_last = self._done + 1 == self.trainer.max_iter
        if self._checkpointer.saved not in (f"{name}.pth", *(["model_final.pth"] if is_last else [])):
            self._checkpointer.save(name, iteration=self._done)

    def _exit(self) -> NoReturn:
        logger.warning(f"{_name(self._stopping)}: stopped; the same command with --resume goes on from here")
        _end(self._stopping, SystemExit(128 + self._stopping))


def _name(number: int) -> str:
    return signal.Signals(number).name


def _end(number: int, alone: BaseException) -> NoReturn:
    """End this process; one of several at once, as threads of its group would abort it on a longer way."""
    if comm.get_world_size() == 1:
        raise alone
    logging.shutdown()
    os._exit(128 + number)


def _hold_back(held: bool) -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK if held else signal.SIG_UNBLOCK, {signal.SIGTERM})


def _give_back(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def signals_passed_on() -> Iterator[None]:
    """For the launcher: what it is sent goes to its ranks, and it waits for them.

    Raises:
        SystemExit: with 128 + signal, when it was sent one, or when a rank stopped because of one.
    """
    received: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        received.append(number)
        for child in multiprocessing.active_children():
            if child.pid is not None:
                # Not SIGINT: a terminal has sent that to the ranks as well, and a second one would be in earnest.
                os.kill(child.pid, signal.SIGTERM)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, pass_on) for number in SIGNALS}
    try:
        yield
    except ProcessExitedException as error:
        stops = [128 + number for number in SIGNALS]
        if received or error.exit_code in stops:
            raise SystemExit(128 + received[0] if received else error.exit_code) from None
        raise
    else:
        if received:  # ranks that Ctrl-C ended count as done for PyTorch
            raise SystemExit(128 + received[0])
    finally:
        _give_back(before)
