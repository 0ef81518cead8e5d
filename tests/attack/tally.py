"""What came of it: counts by list and surface, and the table of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

FAULTS = ("executed", "broke out", "lost", "policy", "error")  # `policy`: the page's policy had to stop something


@dataclass
class Cell:
    tried: int = 0
    refused: int = 0  # with a clear answer; tried again in another shape where there is one
    slowest: float = 0.0  # milliseconds
    faults: Counter[str] = field(default_factory=Counter)


@dataclass
class Tally:
    """`faults` keeps what was found, for the one who mends it; `slow` the slowest answers so far, in milliseconds."""

    cells: dict[tuple[str, str], Cell] = field(default_factory=lambda: defaultdict(Cell))
    faults: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    slow: list[tuple[float, str, str]] = field(default_factory=list)

    def tried(self, surface: str, list: str, *, times: int = 1, refused: bool = False) -> None:
        cell = self.cells[list, surface]
        cell.tried += times
        cell.refused += refused * times

    def fault(self, kind: str, surface: str, list: str, what: str, text: str = "") -> None:
        self.cells[list, surface].faults[kind] += 1
        self.faults.append((kind, surface, list, what, text[:300]))

    def took(self, surface: str, list: str, milliseconds: float, what: str = "") -> None:
        cell = self.cells[list, surface]
        if milliseconds > cell.slowest:
            cell.slowest = milliseconds
            self.slow.append((milliseconds, surface, what[:200]))

    # --- From one process to another ------------------------------------------------------------------------------

    def plain(self) -> dict[str, Any]:
        cells = [[*key, cell.tried, cell.refused, cell.slowest, dict(cell.faults)] for key, cell in self.cells.items()]
        return {"cells": cells, "faults": [list(fault) for fault in self.faults]}

    def add(self, plain: dict[str, Any]) -> None:
        """Take in what another process counted."""
        for name, surface, tried, refused, slowest, faults in plain["cells"]:
            cell = self.cells[name, surface]
            cell.tried += tried
            cell.refused += refused
            cell.slowest = max(cell.slowest, slowest)
            cell.faults.update(faults)
        self.faults += [tuple(fault) for fault in plain["faults"]]

    # --- To be read -----------------------------------------------------------------------------------------------

    def table(self) -> str:
        """A line a list, a line a surface, and a line for all."""
        lines = []
        for at, head in ((0, "list"), (1, "surface")):
            columns = "".join(f"{kind:>11}" for kind in FAULTS)
            lines.append(f"{head:44}{'tried':>9}{'refused':>9}{columns}{'slowest ms':>12}")
            names = (
                sorted({key[at] for key in self.cells})
                if at == 0
                else list(dict.fromkeys(key[at] for key in self.cells))
            )
            lines += [_row(name, [cell for key, cell in self.cells.items() if key[at] == name]) for name in names]
            lines.append("")
        return "\n".join([*lines, _row("all", list(self.cells.values()))])


def _row(name: str, cells: list[Cell]) -> str:
    counts = "".join(f"{sum(cell.faults[kind] for cell in cells):>11}" for kind in FAULTS)
    tried, refused = sum(cell.tried for cell in cells), sum(cell.refused for cell in cells)
    slowest = max((cell.slowest for cell in cells), default=0.0)
    return f"{name[:43]:44}{tried:>9}{refused:>9}{counts}{slowest:>12.0f}"
