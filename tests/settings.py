"""The site's settings as the suite needs them: fixed values, fast passwords, mails kept in memory, tasks run at once.

`DATABASE_URL` and `REDIS_URL` from the environment are taken over, so that the same suite runs on other services.
"""

import contextlib
import os
import random
import socket
import uuid
from pathlib import Path
from urllib.parse import urlsplit

_var = Path(__file__).resolve().parent.parent / "var"
os.environ |= {
    "ENV_FILES": "",
    "SECRET_KEY": "only-for-tests-" + "x" * 50,
    "DEBUG": "off",
    "SITE_URL": "http://testserver",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1,[::1]",
    "TIME_ZONE": "Europe/Berlin",
    "LANGUAGE_CODE": "en",
    "TRUSTED_PROXY_COUNT": "0",
    "EMAIL_URL": "memorymail://",
    "DEFAULT_FROM_EMAIL": "newsroom@testserver",
    "STAFF_SECOND_FACTOR": "off",
}
for _name in ("PORT", "STORAGE_URL", "AKISMET_API_KEY", "SENTRY_DSN", "DEMO_PASSWORD"):
    os.environ.pop(_name, None)


# Every login provider, all of them played by the stand-in on one port (tests.standin), one for each process.
# Below the ports that systems give to outgoing connections, so that none of those takes it meanwhile.
def _free_port() -> int:
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


STANDIN_PORT = _free_port()
for _name in ("WORDPRESS", "FACEBOOK", "GOOGLE", "APPLE", "X", "GITHUB", "MICROSOFT", "OIDC"):
    os.environ[f"{_name}_CLIENT_ID"] = f"{_name.lower()}-client"
    os.environ[f"{_name}_CLIENT_SECRET"] = f"{_name.lower()}-secret"
    os.environ[f"{_name}_SERVER_URL"] = f"http://127.0.0.1:{STANDIN_PORT}"
os.environ["OIDC_NAME"] = "Harbour ID"
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_var}/test-base.sqlite3")
# Playwright keeps an event loop in the thread of the test, and Django would take it for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

if os.environ.get("REDIS_URL"):
    # A database for each process of the run: clearing one's limits must not clear another's.
    _worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    _parts = urlsplit(os.environ["REDIS_URL"])
    os.environ["REDIS_URL"] = _parts._replace(path=f"/{int(_parts.path.strip('/') or 0) + 1 + _worker % 14}").geturl()

from newsreader.settings import *  # noqa: E402, F403
from newsreader.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, REST_FRAMEWORK, SQLITE  # noqa: E402

# What the processes of one run share, and two runs in one checkout do not: the processes inherit it.
_run = os.environ.setdefault("TEST_RUN", uuid.uuid4().hex[:8])
if SQLITE:
    # A file, not memory: threads and processes race for it as they would for the real one.
    DATABASES["default"]["TEST"] = {"NAME": str(_var / f"test-{_run}.sqlite3")}
else:
    DATABASES["default"]["TEST"] = {"NAME": f"test_{DATABASES['default']['NAME']}"}
    # Nothing here outlives the server, so nobody waits for its disk.
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MFA_TOTP_TOLERANCE = 1  # A code may be made in one half minute and arrive in the next.
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend", "QUEUES": ["default", "long"]}}
MEDIA_ROOT = _var / "test-media"
STATIC_ROOT = _var / "test-static"
STORAGES = {
    "default": {"BACKEND": "newsreader.kit.disk_storage.Disk"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# In every request of the suite, whoever asks for each row of a list is stopped and named.
INSTALLED_APPS = [*INSTALLED_APPS, "zeal"]
MIDDLEWARE = [*MIDDLEWARE, "zeal.middleware.zeal_middleware"]
ZEAL_NPLUSONE_THRESHOLD = 5  # so many alike: a few places look a row up again, once they have locked it
WHITENOISE_USE_FINDERS = True  # Whether or not somebody has collected the files of this checkout.
WHITENOISE_AUTOREFRESH = True  # Looks a file up when asked instead of reading all of them at each start.
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = {"visitor": "100000/min"}
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"handlers": [], "level": "WARNING"}}
