"""A reader's or an editor's hand, which counts what it does: for tables of how much work a deed is."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page

ENOUGH = 60  # Pixels of something tall, such as a text, that are enough to click on it.


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

    def choose(self, target: Locator, label: str) -> None:
        """Choose from a list: a click to open it, another on the entry."""
        self._reach(target)
        self.clicks += 2
        target.select_option(label)

    def press(self, key: str) -> None:
        self.keys += 1
        self.page.keyboard.press(key)

    def _reach(self, target: Locator) -> None:
        """Scroll to what is out of sight, a screen at a time."""
        box, screen = target.bounding_box(), self.page.viewport_size
        if box is None or screen is None:
            return
        above = -box["y"]
        below = box["y"] + min(box["height"], ENOUGH) - screen["height"]
        self.screens += math.ceil(max(above, below, 0) / screen["height"])

    def over(self, deed: str, *, clicks: int, keys: int = 0, screens: int | None = None) -> dict[str, int]:
        """Return what the deed took more of than this, and how many; with DEEDS=<file>, also add it to that table."""
        if name := os.environ.get("DEEDS"):
            with Path(name).open("a") as table:
                table.write(f"| {deed} | {self.clicks} | {self.keys} | {self.screens} |\n")
        allowed = {"clicks": clicks, "keys": keys} | ({} if screens is None else {"screens": screens})
        return {what: getattr(self, what) for what, most in allowed.items() if getattr(self, what) > most}
