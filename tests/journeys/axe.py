"""What axe has against an open page: names, roles, structure and contrast."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

DAY, NIGHT = (1280, "light"), (390, "dark")  # Width in pixels and colours: each width and each scheme is met once.
# Only what is wrong, and without fetching every style sheet once more for rules that are not asked for.
BRIEFLY = {"resultTypes": ["violations"], "preload": False}
# Not by `Axe().run`, which would read axe anew for each look at the same page.
LOOK = "([within, options]) => axe.run(within ?? document, options).then((found) => found.violations)"


def wrong(page: Page, *, within: str | None = None, only: list[str] | None = None, night: int = NIGHT[0]) -> list[str]:
    """Look at the page, or a part of it, by day on a desk and by night on a phone `night` pixels wide."""
    found = []
    options: dict[str, Any] = BRIEFLY | ({"runOnly": only} if only else {})
    page.evaluate(Axe().axe_script)
    for width, scheme in (DAY, (night, NIGHT[1])):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        for rule in page.evaluate(LOOK, [within, options]):
            examples = [node["html"][:200] for node in rule["nodes"]][:3]
            found.append(f"{page.url}, {width} px, {scheme}: {rule['id']}: {rule['help']}: {examples}")
    return found
