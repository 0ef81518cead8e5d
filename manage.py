#!/usr/bin/env python
"""The door: every command of the site. Exit codes: 0 done, 1 input or configuration refused, 2 wrong usage."""

import gc
import os
import sys

from newsreader.operations import plan

PUBLIC = {"collectstatic"}  # Commands whose files a proxy serves by itself, under an account of its own.


def main(arguments: list[str]) -> int:
    if plan.handed():  # `serve` has prepared everything; what is left to do needs no Django.
        from newsreader.operations import watch

        return watch.main()

    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line, get_commands

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsreader.settings")
    gc.disable()  # What is imported stays: to look through it again and again takes a tenth of the time.
    try:
        django.setup()
    except ImproperlyConfigured as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    gc.freeze()
    gc.enable()
    name = arguments[1] if len(arguments) > 1 else "help"
    # Django would exit with 1, which means refused input here.
    if not name.startswith("-") and name not in {"help", "version"} and name not in get_commands():
        sys.stderr.write(f"Unknown command {name!r}: `manage.py help` lists them.\n")
        return 2
    if name not in PUBLIC:
        os.umask(0o077)  # The database, its log, copies: what we and our children write is our account's alone.
    execute_from_command_line(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
