"""What axe has against an open page, names, roles, structure and contrast, and which targets are too small."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.journeys.targets import small

DAY, NIGHT = (1280, "light"), (390, "dark")  # Width in pixels and colours: each width and each scheme is met once.
# Only what is wrong, and without fetching every style sheet once more for rules that are not asked for.
BRIEFLY = {"resultTypes": ["violations"], "preload": False}
# Not by `Axe().run`, which would read axe anew for each look at the same page.
LOOK = "([within, options]) => axe.run(within ?? document, options).then((found) => found.violations)"
# What a style sheet can tell apart: an element and its parent, each by its name and by those of its classes and
# attributes that some selector mentions.
KINDS = r"""(within) => {
    const sheets = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText).join(" ");
    const classes = new Set(sheets.match(/\.[a-zA-Z_][\w-]*/g));
    const attributes = new Set([...sheets.matchAll(/\[([a-z-]+)/g)].map((found) => found[1]));
    const named = (element) => element && [
        element.localName,
        ...[...element.classList].map((name) => `.${name}`).filter((name) => classes.has(name)).sort(),
        ...[...attributes].filter((name) => element.hasAttribute(name)).map((name) => `[${name}]`),
    ].join("");
    const seen = [...(document.querySelector(within ?? "body") ?? document.body).querySelectorAll("*")]
        .filter((element) => element.checkVisibility());
    return [...new Set(seen.map((element) => `${named(element.parentElement)} > ${named(element)}`))];
}"""

_seen_by_night: set[str] = set()


def wrong(page: Page, *, within: str | None = None, only: list[str] | None = None, night: int = NIGHT[0]) -> list[str]:
    """Look at the page, or a part of it, by day on a desk and by night on a phone `night` pixels wide.

    Targets are measured at both widths. Axe looks by night only where something of a kind is shown that this process has not looked at by night: names, roles and
    structure were looked at by day, and more of the same has the same colours.
    """
    found = []
    options: dict[str, Any] = BRIEFLY | ({"runOnly": only} if only else {})
    page.evaluate(Axe().axe_script)
    for width, scheme in (DAY, (night, NIGHT[1])):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        found += small(page, within=within)
        kinds = {f"{only} {width} {kind}" for kind in page.evaluate(KINDS, within)} if scheme == NIGHT[1] else set()
        if kinds and kinds <= _seen_by_night:
            continue
        for rule in page.evaluate(LOOK, [within, options]):
            examples = [node["html"][:200] for node in rule["nodes"]][:3]
            found.append(f"{page.url}, {width} px, {scheme}: {rule['id']}: {rule['help']}: {examples}")
        if not found:
            _seen_by_night.update(kinds)
    return found
