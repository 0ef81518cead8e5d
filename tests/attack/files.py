"""Files: as a picture, as a portrait, and as another system's export."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from django.core.management import CommandError, call_command

from articles.models.article import Article
from articles.models.pictures import Picture
from comments.models import Comment
from newsreader.accounts.models import User
from tests.attack.hostile import Request, Scene, send
from tests.attack.lists import FILES, LINES, Attack, attacks, files, name_of
from tests.attack.stage import timed
from tests.attack.tally import Tally

_PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)  # A GIF of one dot, to carry a hostile name.
ACTIVE = (".svg", ".html", ".htm", ".xml", ".xhtml", ".js", ".php")


def uploads(tally: Tally, strings: list[Attack]) -> None:
    """Every file, and every string as a file's name and kind, as an editor's picture and as a reader's portrait."""
    scene, surface = Scene(), "as upload"
    sent = [
        (name_of(path), name, kind, path.read_bytes())
        for path in files()
        if path.suffix in FILES and path.stat().st_size < 1_000_000
        for name, kind in ((path.name, "image/svg+xml"), ("portrait.png", "image/png"))
    ]
    for attack in strings:
        sent += [
            (attack.list, attack.text[:300], attack.text[:80], _PIXEL),
            (attack.list, f"{attack.text[:300]}.gif", "image/gif", _PIXEL),
        ]
    for name, called, kind, content in sent:
        known, portraits = Picture.objects.count(), User.objects.exclude(avatar="").count()
        for client, path, field in (
            (scene.editor, "/admin/articles/picture/add/", "file"),
            (scene.reader, "/accounts/", "picture"),
        ):
            body = multipart({"alternative_text": "x", "name": "Ada"}, field, called, kind, content)
            request = Request(client, "POST", path, body, {"CONTENT_TYPE": "multipart/form-data; boundary=limit"})
            send(scene, tally, surface, Attack(called, name), request)
        if content != _PIXEL and (
            Picture.objects.count() != known or User.objects.exclude(avatar="").count() != portraits
        ):
            tally.fault("executed", surface, name, f"{called} was taken for a picture")
        for picture in Picture.objects.order_by("pk")[known:]:
            if str(picture.file.name).lower().endswith(ACTIVE) or ".." in Path(picture.file.name).parts:
                tally.fault("executed", surface, name, f"kept as {picture.file.name!r}")


def multipart(fields: dict[str, str], field: str, name: str, kind: str, content: bytes) -> bytes:
    """Return a form with a file as bytes, with nothing in its name and kind mended as the test client would."""
    parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in fields.items()]
    head = f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'
    parts.append(head.encode("utf-8", "surrogatepass") + content)
    return b"".join(b"--limit\r\n" + part + b"\r\n" for part in parts) + b"--limit--\r\n"


def imports(tally: Tally) -> None:
    """Every XML there is as an export: it comes in, or one sentence says why not. Nothing of this machine is read."""
    surface = "as export"
    with tempfile.TemporaryDirectory() as folder:
        for path in files():
            if path.suffix in FILES:
                _import(tally, surface, name_of(path), path)
            elif path.suffix in LINES and path.parent.name == "xml":
                for number, attack in enumerate(attacks(path)):
                    one = Path(folder) / f"{number}.xml"
                    one.write_text(attack.text, encoding="utf-8", errors="surrogatepass")
                    _import(tally, surface, attack.list, one)


def _import(tally: Tally, surface: str, name: str, path: Path) -> None:
    def bring() -> str:
        try:
            call_command("import_site", "--from", "wordpress", str(path), stdout=io.StringIO(), stderr=io.StringIO())
        except CommandError as refusal:
            return str(refusal)
        return ""

    try:
        said = timed(tally, surface, name, path.name, bring)
    except Exception as error:
        tally.fault("error", surface, name, f"{path.name}: {error!r}")
        return
    tally.tried(surface, name, refused=bool(said))
    if "\n" in said or "Traceback" in said:
        tally.fault("error", surface, name, f"{path.name}: {said[:200]}")
    read = Article.objects.filter(body__contains="root:x:0") | Article.objects.filter(headline__contains="root:x:0")
    if read.exists() or Comment.objects.filter(body__contains="root:x:0").exists():
        tally.fault("executed", surface, name, f"{path.name}: a file of this machine came in")
