"""Charts made on the server: bars as plain shapes that a template draws as SVG, without script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, FOOT = 720, 180, 20  # of a chart, in its own units; FOOT holds the labels under it
LABEL = 64  # the room that a label at the foot needs, to be read on a phone


@dataclass(frozen=True)
class Bar:
    """A bar of two parts, the second on top of the first; `label` is its text alternative."""

    x: float
    width: float
    y: float
    height: float
    top_y: float
    top_height: float
    label: str
    foot: str


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    highest: int

    width, height, ground = WIDTH, HEIGHT, HEIGHT - FOOT


def stacked(values: Sequence[tuple[int, int, str, str]]) -> Chart:
    """Return a chart of these values: lower part, upper part, label, and the text at the foot (or nothing)."""
    highest = max((lower + upper for lower, upper, _label, _foot in values), default=0)
    step, ground = WIDTH / max(len(values), 1), HEIGHT - FOOT
    scale = (ground - 10) / highest if highest else 0
    bars = []
    for at, (lower, upper, label, foot) in enumerate(values):
        height, top = lower * scale, upper * scale
        bars.append(
            Bar(
                x=round(at * step + step * 0.1, 1),
                width=round(step * 0.8, 1),
                y=round(ground - height, 1),
                height=round(height, 1),
                top_y=round(ground - height - top, 1),
                top_height=round(top, 1),
                label=label,
                foot=foot if at * step <= WIDTH - LABEL else "",
            )
        )
    return Chart(bars, highest)
