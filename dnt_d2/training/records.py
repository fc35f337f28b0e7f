"""What a training has recorded of itself goes on after a restart as if there had been none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from detectron2.engine import HookBase
from detectron2.engine.hooks import EvalHook
from detectron2.utils import comm

from .metrics_file import MetricsFile

_WINDOW = 20  # iterations that Detectron2's writers smooth over
_OF_THE_PRINTER = ("eta_seconds",)  # recorded after an evaluation, and not by it


class Records(HookBase):
    """Keeps the latest scalars in checkpoints; after a restart does what was still to be done in the last iteration.

    A checkpoint is saved before the evaluation of its iteration, which may take hours, and before the writers. Resumed
    from there, Detectron2 would never evaluate that iteration, nor record it, and the medians of the next 20 would lack
    what came before. To be registered last.
    """

    def __init__(self, later: Sequence[HookBase], metrics: MetricsFile | None) -> None:
        """
        Args:
            later: the hooks that come after the checkpoint of an iteration, in their order, on all ranks alike.
            metrics: on the rank that writes.
        """
        self._later, self._metrics = later, metrics
        self._resumed: dict[str, Any] = {}

    def state_dict(self) -> dict[str, Any]:
        """Values and iterations of each scalar, and how far ``metrics.json`` has come; {} when nothing is recorded."""
        storage = getattr(self.trainer, "storage", None)
        if storage is None or self._metrics is None:
            return {}
        hints, scalars = storage.smoothing_hints(), {}
        for name, history in storage.histories().items():
            recent = [list(x) for x in history.values() if x[1] > storage.iter - _WINDOW]
            if recent:
                scalars[name] = {"smooth": hints[name], "values": recent}
        return {"scalars": scalars, "written": self._metrics.written}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._resumed = state_dict

    def before_train(self) -> None:
        """Go back to the end of the last iteration, and finish it."""
        trainer, state = self.trainer, self._resumed
        last = trainer.start_iter - 1
        if last < 0:
            return
        evaluated = False
        if self._metrics is not None:
            line = self._metrics.cut_back(state.get("written", last), last)
            evaluated = self._replay(state.get("scalars", {}), line, last)
        evaluated = comm.all_gather(evaluated)[0]  # the first rank's word
        # Checkpoints of earlier versions don't say what was recorded: their last iteration is left as it is.
        if not comm.all_gather("written" in state)[0]:
            return
        trainer.iter = trainer.storage.iter = last
        for hook in self._later:
            if not (evaluated and isinstance(hook, EvalHook)):
                hook.after_step()
        trainer.storage.iter = trainer.start_iter
        # Detectron2 counts one on after its loop, also where there was nothing left to do in it.
        trainer.iter = min(trainer.start_iter, trainer.max_iter - 1)

    def _replay(self, scalars: dict[str, Any], line: dict[str, Any], last: int) -> bool:
        """Record again what was recorded; whether an evaluation of the last iteration is among it."""
        storage = self.trainer.storage
        for name, content in scalars.items():
            for value, iteration in content["values"]:
                storage.put_scalar(name, value, smoothing_hint=content["smooth"], cur_iter=iteration)
        latest = storage.latest()
        known = {name for name, (_, iteration) in latest.items() if iteration == last}
        # Without the scalars of the training itself there is no telling which are of an evaluation.
        late = set(line) - known - {"iteration", *_OF_THE_PRINTER} if known else set()
        for name in sorted(late):
            storage.put_scalar(name, line[name], smoothing_hint=False, cur_iter=last)
        return bool(late)
