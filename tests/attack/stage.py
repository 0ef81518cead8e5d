"""A sealed browser in front of the site: what it asks of us is answered in this process, and nothing else leaves it."""

from __future__ import annotations

import html
import json
import re
import time
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from django.contrib.staticfiles import finders
from django.test import Client
from django.test.client import FakePayload
from playwright.sync_api import Browser, Error, Route

from newsreader.kit.text import fold, tidy, without_invisible
from tests.attack.tally import Tally

HERE = "http://testserver"
BLANK = "/__documents__/"  # no address of ours: the page that holds documents in frames
WATCH = Path(__file__).with_name("watch.js")
_T = TypeVar("_T")

_LINK = ["href", "rel", "title"]


def _bare(tags: str) -> dict[str, list[str]]:
    """Return tags that may have no attributes."""
    return {tag: [] for tag in tags.split()}


WRITTEN = _bare("p br strong em del s code pre blockquote ul") | {"ol": ["start"], "li": ["value"], "a": _LINK}
IMPORTED = (
    WRITTEN
    | _bare("b i u ins strike cite sub sup tt")
    | {"a": _LINK, "q": ["cite"], "blockquote": ["cite"], "abbr": ["title"], "acronym": ["title"]}
)
EDITED = (
    IMPORTED
    | _bare("hr h2 h3 h4 small mark kbd samp var dl dt dd figure figcaption caption")
    | _bare("thead tbody tfoot tr bdi bdo span div aside")
    | {
        "*": ["lang", "dir", "title", "id", "data-attack"],
        "a": [*_LINK, "hreflang"],
        "img": ["src", "alt", "width", "height", "loading"],
        "ol": ["start", "reversed", "type"],
        "td": ["colspan", "rowspan"],
        "th": ["colspan", "rowspan", "scope"],
        "time": ["datetime"],
        "table": ["tabindex"],
    }
)


def batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    items = iter(items)
    while some := list(islice(items, size)):
        yield some


@dataclass
class Seen:
    """What a document holds: faults, the bones around its boxes, and the texts that were asked for."""

    faults: list[list[str]]
    bones: str
    texts: list[str] = field(default_factory=list)


class Stage:
    def __init__(self, browser: Browser, tally: Tally):
        self.tally, self.client = tally, Client(raise_request_exception=False)
        self.strays: list[str] = []  # what the browser did by itself: requests elsewhere, dialogs, windows, trips
        self.context = browser.new_context(base_url=HERE)
        self.context.set_default_timeout(120_000)  # milliseconds
        self.context.add_init_script(path=WATCH)
        self.context.route("**/*", self._answer)
        self.page = self.context.new_page()
        self.page.on("dialog", lambda dialog: (self.strays.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("popup", lambda window: self.strays.append(f"window {window.url}"))
        self._expected, self._answered = BLANK, None
        self._pictured = False

    def close(self) -> None:
        self.context.close()

    def _answer(self, route: Route) -> None:
        request, parts = route.request, urlsplit(route.request.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if self._pictured and request.resource_type == "image":
            route.abort()
        elif f"{parts.scheme}://{parts.netloc}" != HERE:
            self.strays.append(f"{request.resource_type} {request.url[:200]}")
            route.abort()
        elif parts.path == BLANK:
            route.fulfill(status=200, content_type="text/html", body="<!doctype html><title>Documents</title>")
        elif parts.path.startswith(("/static/", "/media/")):
            script = finders.find(parts.path.removeprefix("/static/")) if parts.path.endswith(".js") else None
            if script and self._expected != BLANK:  # Our own script works on what it finds.
                route.fulfill(status=200, content_type="text/javascript", body=Path(script).read_bytes())
            else:
                kind = "text/css" if parts.path.endswith(".css") else "application/octet-stream"
                route.fulfill(status=200, content_type=kind, body="")
        elif path == "/admin/jsi18n/" and request.resource_type == "script":  # Words for the admin's own scripts.
            route.fulfill(status=200, content_type="text/javascript", body="")
        elif path != self._expected or self._answered is None:
            self.strays.append(f"{request.resource_type} {path[:200]}")
            route.abort()
        else:
            # Asked before: in here Django would have another connection, and see nothing of what the test has written.
            answer, self._answered = self._answered, None
            headers = {name: value for name, value in answer.items() if name.lower() != "content-encoding"}
            route.fulfill(status=answer.status_code, headers=headers, body=answer.content)

    def ask(self, method: str, path: str, body: bytes = b"", **environ: Any) -> Any:
        """Send a request as raw as the test client allows; the path may be anything."""
        return ask(self.client, method, path, body, **environ)

    # --- Looking ------------------------------------------------------------------------------------------------

    def open(self, path: str) -> int:
        """Go to a page of ours, policy and scripts in force; return its status."""
        self._expected, self._answered = path, self.ask("GET", path)
        if (status := self._answered.status_code) == 200:
            self.page.goto(path, wait_until="load")
        return int(status)

    def look(
        self, boxes: dict[str, Any], *, unit: str, text: str, name: str, loose: str = ""
    ) -> tuple[list[dict], Seen]:
        """Return the units on the page (comments, entries) as they stand there, and the page without them."""
        script = """([boxes, unit, text, name, loose]) => {
            const units = [...document.querySelectorAll(unit)].map(element => ({
                id: (element.id || element.dataset.comment || "").replace("comment-", ""),
                text: element.querySelector(text) && window.__text(element.querySelector(text)),
                links: [...element.querySelectorAll(`${text} a`)].map(link => link.getAttribute("href") ?? ""),
                name: element.querySelector(name)?.textContent ?? null,
                bones: window.__bones(element, text, loose),
                inside: !!element.parentElement.closest(`${unit}, ${text}`),
            }));
            const marks = window.__marks.map(mark => [mark.startsWith("policy") ? "policy" : "executed", mark, ""]);
            const faults = window.__faults(document, location.href, boxes);
            return [units, {faults: [...marks, ...faults], bones: window.__bones(document.documentElement, `script, style, ${unit}`, loose)}];
        }"""
        units, seen = self.page.evaluate(script, [boxes, unit, text, name, loose])
        return units, Seen(**seen)

    def frames(
        self,
        documents: list[str],
        boxes: dict[str, Any],
        *,
        pruned: str,
        texts: list[str],
        loose: str = "",
        pictured: bool = False,
    ) -> list[Seen]:
        """Show documents in frames, with no policy to protect them, and return what each holds.

        `pictured`: they may show pictures from elsewhere, as editors' texts do (the page's policy stops those).
        """
        self._pictured = pictured
        if self._expected != BLANK or not self.page.url.endswith(BLANK):
            self._expected = BLANK
            self.page.goto(BLANK)
        documents = [_without_statics(markup) for markup in documents]
        script = """async ([documents, boxes, pruned, texts, loose]) => {
            const frames = documents.map(markup => {
                const frame = document.createElement("iframe");
                const loaded = new Promise(done => { frame.onload = done; setTimeout(done, 15000); });
                frame.srcdoc = markup;
                document.body.append(frame);
                return [frame, loaded];
            });
            const all = [];
            for (const [frame, loaded] of frames) {
                await loaded;
                const inner = frame.contentDocument;
                if (!inner || inner.URL !== "about:srcdoc") all.push({faults: [["executed", "went away", ""]], bones: "", texts: []});
                else all.push({
                    faults: [...frame.contentWindow.__marks.map(mark => ["executed", mark, ""]), ...window.__faults(inner, "http://testserver/", boxes)],
                    bones: window.__bones(inner.documentElement, pruned, loose),
                    texts: texts.map(selector => [...inner.querySelectorAll(selector)].map(element => element.value ?? element.content ?? window.__text(element)).join("\\n")),
                });
            }
            for (const [frame] of frames) frame.remove();
            const marks = window.__marks.splice(0).map(mark => ["executed", mark, ""]);
            if (marks.length) all[0].faults.push(...marks);
            return all;
        }"""
        try:
            found = self.page.evaluate(script, [documents, boxes, pruned, texts, loose])
        except Error as error:  # Something led the whole page away.
            self.strays.append(f"the page went: {error.message[:200]}")
            self._expected = ""
            return [Seen([], "") for _ in documents]
        return [Seen(**seen) for seen in found]

    def hrefs(self, addresses: list[str], base: str) -> list[list[str]]:
        """Return origin and protocol of each address as a browser understands it; of none: empty."""
        script = """([addresses, base]) => addresses.map(address => {
            try { const url = new URL(address, base); return [url.origin, url.protocol]; } catch { return ["", ""]; }
        })"""
        return self.page.evaluate(script, [addresses, base])

    def note(self, surface: str, list: str) -> None:
        """Write down what the browser did by itself since the last time."""
        for stray in self.strays:
            self.tally.fault("executed", surface, list, stray)
        self.strays.clear()


_STATIC = re.compile(
    r'<(?:script src|link rel="[a-z ]+"(?: type="[a-z/+]+")? href)="/static/[\w./-]+"[^<>]*>(?:</script>)?'
)


def _without_statics(markup: str) -> str:
    """Leave out our own style sheets and scripts: thousands of frames would fetch them, and get nothing."""
    return _STATIC.sub("", markup)


def ask(client: Client, method: str, path: str, body: bytes = b"", **environ: Any) -> Any:
    bare, _, query = path.partition("?")
    if body or method not in {"GET", "HEAD"}:
        environ = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": FakePayload(body)} | environ
    decoded = unquote_to_bytes(bare.encode("utf-8", "surrogatepass")).decode("latin-1")
    quoted = query.encode("utf-8", "surrogatepass").decode("latin-1")
    return client.request(REQUEST_METHOD=method, PATH_INFO=decoded, QUERY_STRING=quoted, **environ)


def timed(tally: Tally, surface: str, list: str, what: str, call: Any, *, enough: float = 1000.0) -> Any:
    """Call, and note how long the quickest of three goes took if the first was slow: others use this machine, too."""
    quickest, answer = float("inf"), None
    for _ in range(3):
        start = time.perf_counter()
        answer = call() if answer is None else (call() and answer)
        quickest = min(quickest, (time.perf_counter() - start) * 1000)
        if quickest < enough / 2:
            break
    tally.took(surface, list, quickest, what)
    return answer


# --- Is everything there? -------------------------------------------------------------------------------------------

_LIST_NUMBER = re.compile(r"^[ \t>*+-]*[0-9]{1,9}[.)](?=\s|$)", re.MULTILINE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z0-9]+);")
_FENCE = re.compile(r"(?m)^[ >]*(?:`{3,}[^`\n]*|~{3,}.*)$")
_WORD = re.compile(r"[^\W_]+")


def _bare(text: str) -> str:
    """Return a text without the marks on its letters, of which a stack keeps a few, and a fold makes letters of some."""
    return fold("".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c)[0] != "M"))


def letters(text: str) -> str:
    return "".join(_WORD.findall(_bare(text)))


def missing(typed: str, shown: str, links: Iterable[str] = ()) -> list[str]:
    """Return the words of a typed text that are neither in the shown one nor in its links.

    As in Markdown, an entity may stand for its character or for itself, and what follows a fence names its language;
    what shows nothing need not be there.
    """
    typed = _FENCE.sub("", typed)
    every = " ".join([shown, *links, *map(unquote, links)])
    pool = letters(every)
    typed = _LIST_NUMBER.sub("", without_invisible(tidy(typed)))  # A list shows its numbers without a text.
    gone = _not_in(pool, typed)
    if gone and "&" in typed:
        gone = []
        for chunk in typed.split():
            readings = (chunk, _ENTITY.sub(lambda entity: html.unescape(entity[0]), chunk), html.unescape(chunk))
            gone += min((_not_in(pool, reading) for reading in readings), key=len)
    return gone


def _not_in(pool: str, text: str) -> list[str]:
    return [word for word in _WORD.findall(_bare(text)) if word not in pool and not _unseen(word)]


def _unseen(word: str) -> bool:
    return all(unicodedata.category(c)[0] in "MC" for c in word)


def parsed(answer: Any) -> Any:
    return json.loads(answer.content)
