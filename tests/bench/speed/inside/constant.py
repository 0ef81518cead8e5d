"""Limit of the web server: a constant page of BENCH_SIZE bytes, `granian --interface rsgi constant:application`."""

import os

SIZE = int(os.environ["BENCH_SIZE"])
PAGE = (b"<p>" + b"The ferry left at six. " * (SIZE // 23))[:SIZE].ljust(SIZE)


async def application(scope, protocol):
    protocol.response_bytes(200, [("content-type", "text/html"), ("content-length", str(SIZE))], PAGE)
