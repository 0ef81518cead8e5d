"""Under `faketime` 0.9.10 `time.sleep` fails with EINVAL where the monotonic clock is left alone; `select` does not.

Python imports this by itself in every process that has this folder in PYTHONPATH.
"""

import select
import time


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep
