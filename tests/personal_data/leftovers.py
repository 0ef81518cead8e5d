"""Whatever is left of a person in the files of a site, however it is escaped."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from newsreader.operations.backups import postgresql
from tests.databases import content_of


def forms(text: str) -> set[bytes]:
    """A text as UTF-8, and escaped for HTML, JSON, addresses, and base64 where the whole text was encoded."""
    texts = {text, escape(text), json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], quote(text)}
    texts |= {each.lower() for each in texts}
    return {each.encode() for each in texts} | {b64encode(text.encode()).rstrip(b"=")[:-1]}


def files_of_the_site(*folders: Path) -> dict[str, bytes]:
    """Every file of the database, or a dump of it, and of these folders, with its content."""
    found = {}
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        found = {end: content_of(Path(f"{name}{end}")) for end in ("", "-wal", "-shm") if Path(f"{name}{end}").exists()}
    else:
        found["dump"] = dump()
    for folder in folders:
        found |= {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    return found


def dump() -> bytes:
    """The database as `pg_dump` writes it, in plain text."""
    known = connection.settings_dict
    program = postgresql.tool("pg_dump", postgresql.server())[0]
    address = {"PGHOST": known["HOST"], "PGPORT": known["PORT"], "PGUSER": known["USER"], "PGDATABASE": known["NAME"]}
    address = {name: str(value) for name, value in address.items() if value}
    done = subprocess.run([program], env=os.environ | address, capture_output=True, check=True)
    return done.stdout


def left_of(texts: Iterable[str], *folders: Path) -> set[tuple[str, str]]:
    """Which of these texts are still in which file, with the path of media and mails beside their content."""
    files = files_of_the_site(*folders, Path(settings.MEDIA_ROOT), Path(settings.MAIL_FOLDER))
    return {
        (name, text)
        for name, content in files.items()
        for text in texts
        if any(form in content or form in os.fsencode(name) for form in forms(text))
    }
