"""The site's own settings, with a folder of the run's for collected files: those of the checkout stay as they are."""

import os
import sys
from pathlib import Path

from newsreader import settings
from newsreader.settings import *  # noqa: F403
from newsreader.settings import STORAGES

STATIC_ROOT = Path(os.environ["BENCH_STATIC"])
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
_collected = (STATIC_ROOT / "staticfiles.json").is_file() or "collectstatic" in sys.argv[1:2]
WHITENOISE_USE_FINDERS = not _collected
STORAGES["staticfiles"]["BACKEND"] = (
    getattr(settings, "COLLECTED", "whitenoise.storage.CompressedManifestStaticFilesStorage")
    if _collected
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
if _urls := os.environ.get("BENCH_URLS"):  # `limits.py`: other views behind the same middleware.
    ROOT_URLCONF = _urls
