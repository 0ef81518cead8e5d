"""The front behind a server that preloads nothing: the models are set up first, as `newsreader.front.preloading` does."""

import newsreader.wsgi  # noqa: F401
from newsreader.front.application import application

__all__ = ["application"]
