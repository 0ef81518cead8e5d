"""Hands without a mouse: they tab to what they want, see at every stop where they are, and lose their place nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

MOST = 150  # Stops to anything: more is no way, but a trap or an omission.
# How the place with the focus, what it stands in, and its label look: a ring may be around any of them.
LOOK = """(element) => {
    const look = (each, pseudo) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, borderWidth, backgroundColor, textDecoration, color, clipPath, position } =
            getComputedStyle(each, pseudo);
        return [outlineStyle, outlineStyle === "none" ? "" : outlineWidth + outlineColor, boxShadow, borderColor, borderWidth, backgroundColor,
            textDecoration, color, clipPath, position].join(" ");
    };
    const around = [element];
    while (around.length < 5 && around.at(-1).parentElement) around.push(around.at(-1).parentElement);
    return [...around, ...(element.labels ?? [])].map((each) => look(each) + look(each, "::before") + look(each, "::after")).join(" | ");
}"""
HERE = f"() => {{ const at = document.activeElement; window.stop = at === document.body ? null : [at, ({LOOK})(at)]; }}"
# What was pressed, for as long as this page is open.
MARK = "() => { window.pressed = document.activeElement.outerHTML.slice(0, 160) }"
# What had the focus at the last stop, if it looks without it as it did with it; and what has it now.
GONE = f"""() => {{
    const said = (element) => element.outerHTML.replace(/\\s+/g, " ").slice(0, 160);
    const [left, look] = window.stop ?? [], at = document.activeElement;
    return [left?.isConnected && left !== at && !left.contains(at) && ({LOOK})(left) === look ? said(left) : "", said(at)];
}}"""


@dataclass
class Keyboard:
    """Tab, Enter, Space, arrows and letters. `stops`: how often Tab was pressed."""

    page: Page
    stops: int = 0

    def reach(self, target: Locator, *, back: bool = False) -> None:
        """Tab to the target. Whatever has the focus on the way there shows it."""
        target.wait_for()  # First: it may be on the next page.
        self.keeps_its_place()
        met: list[str] = []
        while not target.evaluate("element => element === document.activeElement"):
            assert len(met) < MOST, f"No way by Tab to {target}: {met}"
            met.append(self.tab(back=back))

    def tab(self, *, back: bool = False) -> str:
        """Go to the next place, and return what it is. The one that is left must have shown that it had the focus."""
        self.page.evaluate(HERE)
        self.page.keyboard.press("Shift+Tab" if back else "Tab")
        self.stops += 1
        unseen, there = self.page.evaluate(GONE)
        for wait in (50, 200, 500):  # Milliseconds: colours may change slowly.
            if unseen:
                self.page.wait_for_timeout(wait)
                unseen, there = self.page.evaluate(GONE)
        assert not unseen, f"It does not show that it has the focus: {unseen}"
        return str(there)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.evaluate(MARK)
            self.page.keyboard.press(key)

    def open(self, target: Locator) -> None:
        """Tab to a link or a button, and press Enter."""
        self.reach(target)
        self.press("Enter")

    def tick(self, target: Locator) -> None:
        self.reach(target)
        self.press("Space")

    def write(self, target: Locator, words: str, *, anew: bool = False) -> None:
        """Tab to a field, and type. `anew`: over what is there."""
        self.reach(target)
        if anew:
            self.press("ControlOrMeta+a")
        self.page.keyboard.type(words)

    def choose(self, target: Locator, label: str) -> None:
        """Tab to a list, and type the first letters of an entry."""
        self.reach(target)
        self.page.keyboard.type(label)
        chosen = target.evaluate("list => list.selectedOptions[0].label")
        assert chosen == label, f"{label!r} was typed, {chosen!r} chosen"

    def keeps_its_place(self) -> None:
        """Nothing that was pressed took the focus away. A new page begins at its top, a link within a page at its target."""
        lost = "() => window.pressed && document.activeElement === document.body && !document.querySelector(':target')"
        assert not self.page.evaluate(lost), f"The focus is lost after {self.page.evaluate('window.pressed')}"
