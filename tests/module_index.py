"""The list of all modules and their purposes, docs/modules.md: `make modules` writes it, and a test holds it to the code."""

from __future__ import annotations

import ast
from pathlib import Path

from newsreader.settings import BASE_DIR
from tests.every import parsed

FILE = BASE_DIR / "docs" / "modules.md"
HEAD = """# Modules

Every module with the first sentence of its docstring, in the order of their paths. Search here for the word that you
have in mind. [Architecture](architecture.md) says how they belong together. Written by `make modules`.
"""


def written() -> str:
    """Return what the document should hold: a list for each package."""
    lists: dict[Path, list[str]] = {}
    for room in ("articles", "comments", "newsreader"):
        for file in sorted((BASE_DIR / room).rglob("*.py")):
            if "migrations" in file.parts or not (said := ast.get_docstring(parsed(file))):
                continue
            first = " ".join(said.split("\n\n")[0].split())
            name = "the package" if file.name == "__init__.py" else f"`{file.relative_to(BASE_DIR)}`"
            lists.setdefault(file.parent.relative_to(BASE_DIR), []).append(f"- {name}: {first}\n")
    return HEAD + "".join(f"\n## `{folder}/`\n\n{''.join(rows)}" for folder, rows in sorted(lists.items()))


if __name__ == "__main__":
    FILE.write_text(written())
