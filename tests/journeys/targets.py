"""Where a finger may miss: what can be pressed, is too small, and stands too near to something else that can be."""

from __future__ import annotations

from playwright.sync_api import Page

# Of everything that can be pressed, what is less than 24 pixels wide or high, unless a circle of 24 pixels around its
# middle touches no other target, nor the circle of another that is too small. A link in a line of words is as high as
# the line. A checkbox is as large as it and its label; a link that fills its card, as the card.
# Source: WCAG 2.2, 2.5.8.
SMALL = r"""(within) => {
    const LEAST = 24, NEARLY = 23.5;
    const named = (element) => `${element.outerHTML.replace(/\s+/g, " ").slice(0, 120)}`;
    const inWords = (link) => {
        if (link.localName !== "a" || !getComputedStyle(link).display.startsWith("inline")) return false;
        let block = link.parentElement;
        while (getComputedStyle(block).display === "inline") block = block.parentElement;
        if (/flex|grid/.test(getComputedStyle(block).display)) return false;
        const beside = block.cloneNode(true);
        beside.querySelectorAll("a, button, script, style, details, ul, ol, table").forEach((each) => each.remove());
        return /\p{L}{2}/u.test(beside.textContent);
    };
    const box = (element) => {
        const boxes = [element, ...(/checkbox|radio|file/.test(element.type) ? element.labels ?? [] : [])]
            .map((each) => each.getBoundingClientRect()).filter(({ width, height }) => width && height);
        const after = getComputedStyle(element, "::after");
        if (after.content !== "none" && after.position === "absolute" && getComputedStyle(element).position === "static")
            boxes.push((element.offsetParent ?? document.body).getBoundingClientRect());
        return {
            left: Math.min(...boxes.map((each) => each.left)), right: Math.max(...boxes.map((each) => each.right)),
            top: Math.min(...boxes.map((each) => each.top)), bottom: Math.max(...boxes.map((each) => each.bottom)),
        };
    };
    const seen = (element) => {
        const { width, height } = element.getBoundingClientRect();
        return width > 1 && height > 1 && !element.closest("[inert]") && getComputedStyle(element).pointerEvents !== "none"
            && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    };
    const all = [...(within ? document.querySelector(within) : document)
        .querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [contenteditable=true]")]
        .filter(seen).map((element) => {
            const found = box(element);
            return {
                element, ...found, x: (found.left + found.right) / 2, y: (found.top + found.bottom) / 2,
                small: Math.min(found.right - found.left, found.bottom - found.top) < NEARLY,
            };
        });
    const away = (one, other) => Math.hypot(
        Math.max(other.left - one.x, 0, one.x - other.right), Math.max(other.top - one.y, 0, one.y - other.bottom));
    const crowds = (one, other) => other !== one && !other.element.contains(one.element) && !one.element.contains(other.element)
        && (away(one, other) < LEAST / 2 - 0.5 || other.small && Math.hypot(one.x - other.x, one.y - other.y) < NEARLY);
    return all.filter((one) => one.small && !inWords(one.element)).map((one) => [one, all.find((other) => crowds(one, other))])
        .filter(([, other]) => other)
        .map(([one, other]) => `${named(one.element)} is ${(one.right - one.left).toFixed(1)} × `
            + `${(one.bottom - one.top).toFixed(1)}, beside ${named(other.element)}`);
}"""


def small(page: Page, *, within: str | None = None) -> list[str]:
    """What is too small a target on the open page, or in a part of it, at the width that it has."""
    width = page.evaluate("innerWidth")
    found: list[str] = page.evaluate(SMALL, within)
    return [f"{page.url}, {width} px: too small a target: {each}" for each in found]
