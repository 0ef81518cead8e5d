"""A reader's or an editor's hand, which counts what it does: for tables of how much work a deed is."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page


@dataclass
class Hand:
    """Clicks (or taps), keys pressed besides the words themselves, and screens scrolled to get to what is clicked."""

    page: Page
    clicks: int = 0
    keys: int = 0
    screens: int = 0

    def click(self, target: Locator) -> None:
        self._reach(target)
        self.clicks += 1
        target.click()

    def write(self, target: Locator, words: str) -> None:
        """Type into a field, after a click into it unless it has the focus already."""
        if not target.evaluate("field => field === document.activeElement"):
            self.click(target)
        target.fill(words)

    def press(self, key: str) -> None:
        self.keys += 1
        self.page.keyboard.press(key)

    def _reach(self, target: Locator) -> None:
        """Scroll to what is out of sight, a screen at a time."""
        box, screen = target.bounding_box(), self.page.viewport_size
        if box is None or screen is None:
            return
        above, below = -box["y"], box["y"] + box["height"] - screen["height"]
        self.screens += math.ceil(max(above, below, 0) / screen["height"])

    def told(self, deed: str) -> tuple[int, int, int]:
        """Return clicks, keys and screens; with DEEDS=<file>, also add them to that table."""
        if name := os.environ.get("DEEDS"):
            with Path(name).open("a") as table:
                table.write(f"| {deed} | {self.clicks} | {self.keys} | {self.screens} |\n")
        return self.clicks, self.keys, self.screens
