"""The dataset doctor: says what is wrong with an ILSVRC tree before training does."""

from __future__ import annotations

from .examination import Examination, examine
from .findings import ERROR, NOTE, WARNING, Finding
from .list_writer import write_missing_lists
from .report import report

__all__ = ["ERROR", "NOTE", "WARNING", "Examination", "Finding", "examine", "report", "write_missing_lists"]
