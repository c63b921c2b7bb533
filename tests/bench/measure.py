"""Measuring: medians of repetitions, CPU time of processes, and the table."""

import os
import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
REPETITIONS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    letter: str
    name: str
    value: str
    ratio: float | None = None
    target: str = ""
    reached: bool | None = None


def at_least(letter: str, name: str, value: str, ratio: float, least: float) -> Row:
    return Row(letter, name, value, ratio, f">= {least:g}", ratio >= least)


def at_most(letter: str, name: str, value: str, ratio: float, most: float) -> Row:
    return Row(letter, name, value, ratio, f"<= {most:g}", ratio <= most)


def told(letter: str, name: str, value: str, ratio: float | None = None) -> Row:
    """A line without a target, for information."""
    return Row(letter, name, value, ratio)


def interleaved(*measures: Callable[[], float], times: int = REPETITIONS) -> list[float]:
    """Measure in turn, several times over, and return the median of each.

    What disturbs the machine for a while then disturbs all of them.
    """
    found: list[list[float]] = [[] for _ in measures]
    for _ in range(times):
        for measure, values in zip(measures, found, strict=True):
            values.append(measure())
    return [statistics.median(values) for values in found]


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share of them does not pass."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def cpu_seconds(pids: Iterable[int]) -> float:
    """The CPU time that processes have used."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mib(pid: int) -> float:
    """The memory that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def write(rows: Iterable[Row]) -> None:
    """Print rows: the ratio first, then what it should be, then what was measured."""
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        mark = {None: "", True: "", False: "  NOT REACHED"}[row.reached]
        sys.stdout.write(
            f"{row.letter:<4}{ratio:>6}  {row.target:<8}{row.name:<62}{row.value:>22}{mark}\n"
        )
    sys.stdout.flush()
