"""Wrong files for every reader: an error of ours or a sound result, never a crash, a hang or runaway memory."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .fuzz.guided import Guided, guide, is_there
from .fuzz.harness import HANG_SECONDS, MEMORY_MB, Outcome, Target, hunt
from .fuzz.messages import Messages
from .fuzz.targets import all_targets
from .record import Fault, Work

logger = logging.getLogger(__name__)

COUNTS = {"text": 100_000, "archive": 2_000, "image": 1_400, "video": 1_400}
"""Files of each kind; of images 1,000 are JPEG and of videos 1,000 are mp4, see :attr:`.harness.Target.share`."""

GUIDED_SECONDS = 12.0
"""For each reader of texts, where atheris is installed."""

EXPECTED = (
    f"a result of the promised form, or an error naming the file, in {HANG_SECONDS:g} s and {MEMORY_MB} MB; no crash"
)
_MESSAGES, _EXAMPLES = 40, 5  # that are written down


def run(work: Work) -> Iterator[Fault]:
    """Spoil files for every reader by chance, then for those of texts by coverage."""
    targets = all_targets()
    for target, count in shares(targets, work).items():
        yield _fault(fuzz(target, work.seed, count, work.folder))
    if not is_there():
        logger.warning("atheris is not installed, so files that coverage leads to are left out: pip install atheris")
        return
    texts = [target for target in targets if target.kind == "text"]
    seconds = max(1.0, GUIDED_SECONDS * min(1.0, work.amount))
    yield _guided_fault(guide(texts, work.folder / "guided", work.seed, seconds))


def shares(targets: Sequence[Target], work: Work) -> dict[Target, int]:
    """How many files each target gets."""
    total: Counter[str] = Counter()
    for target in targets:
        total[target.kind] += target.share  # type: ignore[assignment]
    return {target: work.scaled(round(COUNTS[target.kind] * target.share / total[target.kind])) for target in targets}


@dataclass
class Findings:
    """What the files of one target led to.

    Attributes:
        target: the reader.
        kinds: how many files led to each kind of outcome.
        errors: what was said of those that were refused.
        failures: what happened with those that were not survived.
        slowest: seconds of one file at most.
        megabytes: by which a process grew at most.
        noise: bytes on the terminal, all together.
        seconds: that all of it took.
    """

    target: Target
    errors: Messages
    failures: Messages
    kinds: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    megabytes: float = 0.0
    noise: int = 0
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count one file."""
        self.kinds[outcome.kind] += 1
        self.slowest = max(self.slowest, outcome.seconds)
        self.megabytes = max(self.megabytes, outcome.megabytes)
        self.noise += outcome.noise
        if outcome.kind == "error":
            self.errors.add(outcome)
        elif not outcome.survived:
            self.failures.add(outcome)


def fuzz(target: Target, seed: int, count: int, folder: Path, workers: int = 2) -> Findings:
    """Read the files 0 to ``count - 1`` of a target.

    Args:
        target: the reader.
        seed: of the files.
        count: how many.
        folder: to work in. What was not survived is kept below it, in ``found/<target>/<number>``.
        workers: processes at a time.
    """
    place = folder / target.name.replace(" ", "_")
    findings = Findings(target, Messages(place), Messages(place))
    start = time.perf_counter()
    for outcome in hunt(target, seed, count, place, workers):
        findings.add(outcome)
        if not outcome.survived:
            found = folder / "found" / target.name.replace(" ", "_")
            found.mkdir(parents=True, exist_ok=True)
            (found / f"{outcome.number}").write_bytes(target.make(seed, outcome.number))
    findings.seconds = time.perf_counter() - start
    return findings


def _fault(findings: Findings) -> Fault:
    count, kinds = findings.kinds.total(), findings.kinds
    return Fault(
        point="fuzzing",
        what=f"wrong files: {findings.target.name}",
        expected=EXPECTED,
        injected=count,
        survived=kinds["result"] + kinds["error"],
        lost=0,
        unit="files",
        seconds=round(findings.seconds, 1),
        details={
            "outcomes": dict(kinds.most_common()),
            "per_second": round(count / findings.seconds),
            "slowest_seconds": round(findings.slowest, 3),
            "megabytes": round(findings.megabytes),
            "terminal_bytes_per_file": round(findings.noise / count, 1),
            "failures": [[message.number, message.example] for message in findings.failures][:_EXAMPLES],
            "distinct_messages": len(findings.errors),
            "messages": [[message.count, message.text] for message in findings.errors][:_MESSAGES],
        },
    )


def _guided_fault(found: Sequence[Guided]) -> Fault:
    runs, failures = sum(one.runs for one in found), sum(len(one.found) for one in found)
    return Fault(
        point="fuzzing",
        what=f"wrong files that coverage leads to, for {len(found)} readers of texts",
        expected=EXPECTED,
        injected=runs,
        survived=runs - failures,
        lost=0,
        unit="files",
        seconds=round(sum(one.seconds for one in found), 1),
        details={one.target: {"runs": one.runs, "failures": one.found[:_EXAMPLES]} for one in found},
    )
