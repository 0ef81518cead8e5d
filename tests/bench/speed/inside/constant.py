"""Limit of the web server: a constant page of 75 kB, `granian --interface rsgi constant:application`."""

PAGE = b"<p>" + b"The ferry left at six. " * 3260


async def application(scope, protocol):
    protocol.response_bytes(200, [("content-type", "text/html"), ("content-length", str(len(PAGE)))], PAGE)
