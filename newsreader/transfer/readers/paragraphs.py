"""WordPress' stored article text -> HTML with paragraphs.

Blank lines separate paragraphs and single ones break lines, except in preformatted text. Block comments are removed,
headings are moved to our levels, and embeds become links. One pass, linear in the text's length. The result is not
sanitised yet.
"""

from __future__ import annotations

import re
from collections import Counter
from html import escape, unescape

# Elements in which loose text needs a paragraph around it.
_ROOMS = {"div", "blockquote", "section", "article", "aside", "main", "header", "footer", "center", "form", "fieldset"}
_BLOCKS = _ROOMS | {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead",
    "colgroup", "tbody", "tfoot", "tr", "th", "td", "figure", "figcaption", "address", "details", "summary", "nav",
    "hr",
}  # fmt: skip
_RENAMED = {"h1": "h2", "h5": "h4", "h6": "h4", "strike": "s", "tt": "code", "acronym": "abbr", "center": "div"}
_EMBEDDED = {"iframe", "embed", "video", "audio", "source"}
_DROPPED = {"script", "style"}  # with their content
_TOKEN = re.compile(
    r"<!--"
    r"|<(?P<slash>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9]*)(?P<rest>(?![a-zA-Z0-9:])(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>"
    r"|\[(?P<code>[a-z][a-z0-9#+]*+)(?P<options>(?:[\s=][^\[\]]*+)?)\]"
)
# Shortcodes that hold code, by its language: WordPress.com's and those of the plugin SyntaxHighlighter Evolved.
_CODE = {
    "sourcecode", "code", "actionscript3", "as3", "arduino", "bash", "shell", "coldfusion", "cf", "clojure", "cpp", "c",
    "csharp", "c#", "css", "delphi", "pas", "pascal", "diff", "patch", "erl", "erlang", "fsharp", "go", "golang",
    "groovy", "haskell", "html", "xhtml", "xslt", "xml", "java", "javafx", "javascript", "js", "jscript", "json",
    "kotlin", "latex", "tex", "lua", "matlab", "matlabkey", "objc", "perl", "pl", "php", "plain", "text", "powershell",
    "ps", "python", "py", "r", "rust", "ruby", "rb", "rails", "ror", "scala", "sql", "swift", "typescript", "ts", "vb",
    "vbnet", "yaml",
}  # fmt: skip
# Shortcodes that show something from elsewhere: it becomes a link.
_SHOWN = {
    "embed",
    "audio",
    "video",
    "playlist",
    "youtube",
    "vimeo",
    "soundcloud",
    "dailymotion",
    "wpvideo",
    "tweet",
    "instagram",
}
_SHOWN_FROM = re.compile(r"""(?:=|\b(?:src|url|mp4|m4v|webm|ogv|mp3|m4a|ogg|wav|flac)=)["']?(https?://[^\s"'\]<>]+)""")
_SOURCE = re.compile(r"\s(?:data-(?:lazy-)?)?src\s*=\s*[\"']?((?:https?:)?//[^\s\"'>]+)", re.IGNORECASE)
_CAPTION = re.compile(r"\bcaption=\"([^\"]*)\"")
_PICTURE = re.compile(r"\s*((?:<a\b[^>]*>\s*)?<img\b[^>]*>(?:\s*</a>)?)")
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_ADDRESS = re.compile(r"https?://[^\s<>\"']+")


def to_html(text: str) -> str:
    """Return an article's stored text as HTML."""
    return _Walk(text.replace("\r\n", "\n").replace("\r", "\n")).html()


class _Walk:
    """One pass over a text: `inline` is what waits for its paragraph, `inside` the open blocks."""

    def __init__(self, text: str) -> None:
        self.text, self.position = text, 0
        self.done: list[str] = []
        self.inline: list[str] = []
        self.inside: list[str] = []
        self.opened: Counter[str] = Counter()
        self.absent: set[str] = set()  # closing marks that do not occur any more, so as not to search again
        # The block editor writes its own paragraphs, in which line ends mean nothing.
        self.breaks = "<!-- wp:" not in text

    def html(self) -> str:
        while token := _TOKEN.search(self.text, self.position):
            self.inline.append(self.text[self.position : token.start()])
            self.position = token.end()
            if token["tag"]:
                self._tag(token)
            elif token["code"]:
                self._shortcode(token)
            else:
                self._up_to("-->")
        self.inline.append(self.text[self.position :])
        self._flush()
        return "".join(self.done).strip()

    def _up_to(self, mark: str) -> str | None:
        """Move past the next such mark and return what is before it; None, without moving, where there is none."""
        end = -1 if mark in self.absent else self.text.find(mark, self.position)
        if end < 0:
            self.absent.add(mark)
            return None
        before, self.position = self.text[self.position : end], end + len(mark)
        return before

    # --- Tags ---

    def _tag(self, token: re.Match[str]) -> None:
        tag, closing = token["tag"].lower(), bool(token["slash"])
        if tag in _DROPPED:
            if not closing and self._up_to(f"</{token['tag']}>") is None:
                # Otherwise the browser would take everything that follows for script.
                self.inline.append(escape(token[0]))
        elif tag == "pre":
            self._preformatted(token)
        elif tag == "code":
            self._code(token)
        elif tag in _EMBEDDED:
            self._embedded(token)
        elif tag in _BLOCKS:
            self._close(tag) if closing else self._open(tag, token["rest"])
        elif tag == "br":
            self.inline.append("<br>")
        else:
            rest = token["rest"].replace("\n", " ")
            self.inline.append(f"<{token['slash']}{_RENAMED.get(tag, tag)}{rest}>")

    def _open(self, tag: str, rest: str) -> None:
        self._flush()
        if self.inside and self.inside[-1] == "p":
            self._pop()
        self.done.append(f"<{_RENAMED.get(tag, tag)}{rest}>")
        if tag != "hr":
            self.inside.append(tag)
            self.opened[tag] += 1

    def _close(self, tag: str) -> None:
        self._flush()
        if self.opened[tag]:
            while self._pop() != tag:
                pass

    def _pop(self) -> str:
        tag = self.inside.pop()
        self.opened[tag] -= 1
        self.done.append(f"</{_RENAMED.get(tag, tag)}>\n")
        return tag

    def _preformatted(self, token: re.Match[str]) -> None:
        if token["slash"]:
            return
        inner = self._up_to("</pre>")
        if inner is None:
            inner, self.position = self.text[self.position :], len(self.text)
        self._block(f"<pre{token['rest']}>{inner}</pre>")

    def _code(self, token: re.Match[str]) -> None:
        """Keep code as it is. Several lines of it become preformatted, even where their author did not mark them so."""
        inner = None if token["slash"] else self._up_to(f"</{token['tag']}>")
        if inner is None:
            self.inline.append(token[0])
        elif "\n" in inner.strip():
            self._block(f"<pre><code>{inner.strip(chr(10))}</code></pre>")
        else:
            self.inline.append(f"<code>{inner}</code>")

    def _embedded(self, token: re.Match[str]) -> None:
        if found := _SOURCE.search(token["rest"]):
            address = escape(unescape(found[1]))
            self.inline.append(f'<a href="{address}">{address}</a>')
        if token["tag"].lower() == "iframe" and not token["slash"]:
            self._up_to("</iframe>")

    def _shortcode(self, token: re.Match[str]) -> None:
        name = token["code"]
        if name in _SHOWN:
            self._shown(token)
            return
        inner = self._up_to(f"[/{name}]") if name == "caption" or name in _CODE else None
        if inner is None:
            self.inline.append(token[0])
        elif name == "caption":
            self._captioned(inner, token["options"])
        else:
            self._block(f"<pre><code>{escape(unescape(inner.strip(chr(10))), quote=False)}</code></pre>")

    def _shown(self, token: re.Match[str]) -> None:
        """Write what a shortcode shows as a link; one that names no address stays as it is typed."""
        closing = f"[/{token['code']}]"
        if found := _SHOWN_FROM.search(token["options"]):
            address = found[1]
            if self.text.startswith(closing, self.position):
                self.position += len(closing)
        else:
            here = self.position
            address = (self._up_to(closing) or "").strip()
            if not _ADDRESS.fullmatch(address):
                self.position = here
                self.inline.append(token[0])
                return
        address = escape(unescape(address))
        self._block(f'<p><a href="{address}">{address}</a></p>')

    def _captioned(self, inner: str, options: str) -> None:
        picture = _PICTURE.match(inner)
        if not picture:
            self.inline.append(inner)
            return
        caption = inner[picture.end() :].strip()
        if not caption and (given := _CAPTION.search(options)):
            caption = escape(unescape(given[1]), quote=False)
        below = f"<figcaption>{caption}</figcaption>" if caption else ""
        self._block(f"<figure>{picture[1]}{below}</figure>")

    def _block(self, html: str) -> None:
        self._flush()
        if self.inside and self.inside[-1] == "p":
            self._pop()
        self.done.append(f"{html}\n")

    # --- Text ---

    def _flush(self) -> None:
        """Write what waits: in paragraphs where loose text needs them, as it is inside a list item or a cell."""
        text = "".join(self.inline)
        self.inline.clear()
        if not text.replace("&nbsp;", " ").strip():
            return
        if not self.inside or self.inside[-1] in _ROOMS:
            pieces = (piece.strip() for piece in _BLANK_LINE.split(text))
            self.done.extend(f"<p>{_lines(piece)}</p>\n" for piece in pieces if piece.replace("&nbsp;", " ").strip())
        elif self.breaks and self.inside[-1] == "p":
            pieces = (piece.strip() for piece in _BLANK_LINE.split(text.strip()))
            self.done.append("</p>\n<p>".join(_lines(piece) for piece in pieces))
        else:
            self.done.append(text.strip("\n"))


def _lines(piece: str) -> str:
    """Keep line breaks; a URL alone on a line, which WordPress would embed, becomes a link."""
    if _ADDRESS.fullmatch(piece):
        address = escape(unescape(piece))
        return f'<a href="{address}">{address}</a>'
    lines = [line.strip() for line in piece.split("\n")]
    return "\n".join([line if line.endswith("<br>") else f"{line}<br>" for line in lines[:-1]] + lines[-1:])
