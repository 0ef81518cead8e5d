"""What this machine has besides the checkout: the folder of real material, and a browser. No settings are needed."""

import shutil
from pathlib import Path

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"

# The shell without a window does the same work in half the processor's time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
