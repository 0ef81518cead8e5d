"""The private settings of this checkout, `var/local.env`: values that nobody has set, generated once and kept.

`make` runs it before anything else, so it uses only the standard library: `python -m newsreader.local_env
[--port 8123]`. The environment overrides `.env`, and `.env` overrides this file (see `newsreader.settings`).
"""

import argparse
import os
import secrets
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "var" / "local.env"
PORT = "8000"


def read() -> dict[str, str]:
    """Return the file's values by name; empty if there is no file yet."""
    if not FILE.exists():
        return {}
    lines = (line.split("=", 1) for line in FILE.read_text().splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in lines if not name.startswith("#")}


def is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) < 65_536


def complete(port: str | None = None) -> dict[str, str]:
    """Add what is missing, set the port, write the file readable only by its owner, and return its values."""
    before = read()
    values = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DEMO_PASSWORD": "-".join(secrets.token_hex(2) for _ in range(3)),
        "PORT": PORT,
        "STAFF_SECOND_FACTOR": "unless-loopback",
        "DEMO_PROVIDERS": "on-loopback",
        "DEMO_MAILS": "on-loopback",
    } | before
    if port and is_port(port):  # The settings refuse another; kept here, it would stop every later command.
        values["PORT"] = port
    if values != before:
        FILE.parent.mkdir(exist_ok=True)
        text = "# Made by `make run` for this checkout alone. Delete a line and it is generated again.\n"
        text += "".join(f"{name}={value}\n" for name, value in values.items())
        draft = FILE.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(text)
        draft.replace(FILE)
    for database in FILE.parent.glob("newsreader.sqlite3*"):  # An earlier version left it open to others.
        database.chmod(0o600)
    return values


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port")
    complete(parser.parse_args().port)
