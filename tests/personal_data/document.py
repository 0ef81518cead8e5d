"""docs/privacy.md, made from the registry of fields that hold people: `make privacy` writes it, a test compares."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import django

FILE = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"
HEAD = """# Personal data

Every field that holds something about a person: whose it is, why it is here, how long, and what becomes of it when this
person is erased. Written by `make privacy` from the registry in `newsreader/personal_data/entries/`; a test fails while a
table has a field that could hold a person and is not in it. [Operating](operating.md) says how to erase somebody.

Not in the database: portraits, which are files in the storage and go with their rows; drafts of replies in the reader's
own browser; mails that a site without a mail server keeps in a folder (`EMAIL_URL=filemail:///…`), which are deleted when
they name an erased person; the access log of whatever stands in front of the site.
"""


def written() -> str:
    """Return what the document should hold: a table for each model."""
    from newsreader.personal_data import registry

    text = HEAD
    for model, found in groupby(registry.rows(), key=lambda row: row.model):
        text += f"\n## {model._meta.label}\n\n| field | whose | why | kept | when they are erased |\n"
        text += "| --- | --- | --- | --- | --- |\n"
        for row in found:
            text += f"| `{row.field}` | {' | '.join(row.entry)} |\n"
    return text


if __name__ == "__main__":
    django.setup()
    FILE.write_text(written())
