"""What processes have used so far: processor time and memory, from /proc."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

Used = dict[int, float]  # a process, and its processor time so far in milliseconds
TICK = 1000 / os.sysconf("SC_CLK_TCK")  # milliseconds


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(folder.name))
    found, ahead = [], [pid]
    while ahead:
        found.append(ahead.pop())
        ahead += children.get(found[-1], [])
    return found


def used(pids: Iterable[int]) -> Used:
    """Return what each has used. By the scheduler's clock where the kernel keeps one: ticks of 10 ms are coarse."""
    found = {}
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
            found[pid] = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6
            if not found[pid]:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                found[pid] = (int(fields[11]) + int(fields[12])) * TICK
    return found


def between(before: Used, after: Used) -> float:
    """Return milliseconds used between two looks. Who has ended meanwhile is left out; who is new counts whole."""
    return sum(max(0.0, now - before.get(pid, 0.0)) for pid, now in after.items())


def settle(look: Callable[[], Used], quiet: float = 0.2, most: float = 30.0) -> None:
    """Wait until processes have used less than a twentieth of a processor for `quiet` seconds, at most `most`."""
    end = time.perf_counter() + most
    while time.perf_counter() < end:
        before = look()
        time.sleep(quiet)
        if between(before, look()) < 50 * quiet:
            return


def memory(pids: Iterable[int]) -> float:
    """Return MiB, pages that several processes share counted once (PSS)."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss: +(\d+)", text, re.MULTILINE)[1])
    return total / 1024
