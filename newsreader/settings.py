"""All settings, each read once: from the environment, then `.env`, then `var/local.env` (made by `make run`).

Safe for production by default: the environment differs, not the code. A bad value stops the start, naming the setting
and how to fix it. What editors change (moderation, limits, paging, names) is edited in the admin.
"""

import os
import re
import sys
import zoneinfo
from collections.abc import Callable
from email.utils import getaddresses
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import environ
from django.conf.global_settings import LANGUAGES as DJANGO_LANGUAGES
from django.core.exceptions import ImproperlyConfigured
from django.http.request import split_domain_port, validate_host
from django.utils.translation import to_language

from newsreader import provider_settings
from newsreader.kit.cdn import FORMS, Cdn
from newsreader.local_env import is_port
from newsreader.mailing.providers import MEND, Provider
from newsreader.mailing.providers import provider as mail_provider
from newsreader.provider_settings import LOOPBACK

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
for _file in env.list("ENV_FILES", default=[".env", "var/local.env"]):
    if (BASE_DIR / _file).is_file():
        environ.Env.read_env(BASE_DIR / _file, overwrite=False)


def refuse(name: str, mend: str) -> None:
    raise ImproperlyConfigured(f"{name}: {mend}")


def read(name: str, default: str, cast: Callable[[str], Any], mend: str) -> Any:
    """Return a setting's value, or stop the start naming the setting and how to fix it."""
    try:
        return cast(os.environ.get(name, "").strip() or default)
    except (ValueError, KeyError, TypeError, ImproperlyConfigured):
        raise ImproperlyConfigured(f"{name}: {mend}") from None


def switch(text: str) -> bool:
    return {"on": True, "true": True, "1": True, "yes": True, "off": False, "false": False, "0": False, "no": False}[
        text.lower()
    ]


def count(text: str) -> int:
    if (number := int(text)) < 0:
        raise ValueError
    return number


def at_least_two(text: str) -> int:
    if (number := int(text)) < 2:
        raise ValueError
    return number


def port_number(text: str) -> int:
    if not is_port(text):
        raise ValueError
    return int(text)


def at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


# With anything else each mail would fail, or come from elsewhere: letters other than ASCII, quotation marks around name
# and address together, none around a name with @.
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_SENDER = re.compile(rf"{_ATOM}(\.{_ATOM})*@(\[[\w.:]+\]|[\w-]+(\.[\w-]+)*)", re.ASCII)


def sender_of_mails(text: str) -> str:
    """Return an address, or a name and an address: `Ferry Post desk <news@example.org>`."""
    ((_name, address),) = getaddresses([text])
    if not _SENDER.fullmatch(address) or not text.isprintable():
        raise ValueError
    return text


def log_level(text: str) -> str:
    if (level := text.upper()) not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
        raise ValueError
    return level


def networks(text: str) -> list[IPv4Network | IPv6Network]:
    """Return networks. Raises ValueError for one with bits beyond its prefix, and for the whole internet."""
    found = [ip_network(part) for part in text.replace(",", " ").split()]
    if any(network.prefixlen == 0 for network in found):
        raise ValueError
    return found


def origin(text: str) -> str:
    """Return `scheme://host[:port]`, nothing after it."""
    parts = urlsplit(text.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or "@" in parts.netloc:
        raise ValueError
    if parts.port == 0:  # An invalid port raises ValueError by itself.
        raise ValueError
    return f"{parts.scheme}://{parts.netloc}"


def language(text: str) -> str:
    """Return the code of a language that the site has words in, or of a variant of one."""
    code = text.lower()
    if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", code) or not {code, code.split("-")[0]} & CATALOGUES.keys():
        raise ValueError
    return code


def one_of(*schemes: str) -> Callable[[str], str]:
    def cast(text: str) -> str:
        if text and urlsplit(text).scheme not in schemes:
            raise ValueError
        return text

    return cast


def sentry_dsn(text: str) -> str:
    """Return the address of a project on a server that speaks Sentry's protocol, or nothing: `https://key@host/7`."""
    parts = urlsplit(text)
    encrypted = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if text and not (encrypted and parts.username and parts.hostname and parts.path.rpartition("/")[2].isdecimal()):
        raise ValueError
    return text


def bucket(text: str) -> dict[str, Any] | None:
    """Return the storage options of an S3-compatible bucket: `s3://KEY:SECRET@host/bucket?region=…`; None if unset."""
    if not text:
        return None
    parts = urlsplit(text)
    name = parts.path.strip("/")
    on_loopback = parts.scheme == "s3+http" and parts.hostname in LOOPBACK
    if not (parts.scheme == "s3" or on_loopback) or not (parts.username and parts.password and name and parts.hostname):
        raise ValueError
    port = f":{parts.port}" if parts.port else ""
    return {
        "access_key": unquote(parts.username),
        "secret_key": unquote(parts.password),
        "bucket_name": name,
        "endpoint_url": f"{'http' if on_loopback else 'https'}://{parts.hostname}{port}",
        "region_name": dict(parse_qsl(parts.query)).get("region", "us-east-1"),
        "addressing_style": "path",
        "file_overwrite": False,
        "default_acl": None,
    }


def public_keys(text: str) -> list[str]:
    """Return public keys of age, separated by blanks."""
    keys = text.split()
    if not all(re.fullmatch(r"age1[ac-hj-np-z02-9]{58}", key) for key in keys):
        raise ValueError
    return keys


def replicas(text: str) -> list[dict[str, Any]]:
    """Return the configurations of PostgreSQL servers whose addresses are separated by blanks or commas."""
    found = [environ.Env.db_url_config(one_of("postgres", "postgresql")(url)) for url in text.replace(",", " ").split()]
    if not all(config["NAME"] and config["HOST"] for config in found):
        raise ValueError
    return found


def content_network(text: str) -> Cdn | None:
    """Return a CDN: `fastly://TOKEN@SERVICE` or `cloudflare://TOKEN@ZONE`; None if unset.

    One that is played on loopback: `fastly+http://TOKEN@127.0.0.1:8161/SERVICE`.
    """
    if not text:
        return None
    parts = urlsplit(text)
    form, played = FORMS[parts.scheme.removesuffix("+http")], parts.scheme.endswith("+http")
    token, _, place = parts.netloc.rpartition("@")  # As it is written: an id may have capitals.
    base = f"http://{place}" if played else f"https://{form.host}"
    service = parts.path.strip("/") if played else place
    known = parts.hostname in LOOPBACK if played else not parts.path
    if not known or not token or not re.fullmatch("[A-Za-z0-9]+", service):
        raise ValueError
    return form(unquote(token), base, service)


def field_keys(text: str) -> list[str]:
    """Return the keys of fields. Raises ValueError for one that can be guessed."""
    found = text.replace(",", " ").split()
    if any(len(key) < 32 for key in found):
        raise ValueError
    return found


def uploads(text: str) -> Path | dict[str, Any] | None:
    """Return where uploaded files are kept: `file:///folder`, or an S3-compatible bucket; None if unset."""
    parts = urlsplit(text)
    if parts.scheme != "file":
        return bucket(text)
    if parts.netloc or parts.query or not (path := Path(unquote(parts.path))).is_absolute() or path == Path("/"):
        raise ValueError
    return path


# --- Where and who we are -----------------------------------------------------------------------------------------
DEBUG: bool = read("DEBUG", "off", switch, "on or off.")
PORT: int = read("PORT", "8000", port_number, "a port number, for instance 8000.")
WEB_THREADS: int = read("WEB_THREADS", "4", at_least_two, "threads of one web process, two or more: half may write.")
PROCESS_MEMORY_LIMIT: int = read("PROCESS_MEMORY_LIMIT", "1024", at_least_one, "MiB of memory, for instance 1024.")
SITE_URL: str = read(
    "SITE_URL", f"http://127.0.0.1:{PORT}", origin, "the site's address without a path: https://news.example."
)
SITE_HOST: str = urlsplit(SITE_URL).hostname or ""
SECURE = SITE_URL.startswith("https://")

SECRET_KEY: str = os.environ.get("SECRET_KEY", "")
if len(SECRET_KEY) < 32 or SECRET_KEY.startswith("django-insecure"):
    refuse("SECRET_KEY", "set it to 50 or more random characters, or let `make run` make one for this checkout.")
if DEBUG and SITE_HOST not in LOOPBACK:
    refuse("DEBUG", f"turn it off: it shows secrets to strangers on {SITE_URL}.")

# Encrypt fields of the database (kit.field_keys), the newest first.
FIELD_KEYS: list[str] = read(
    "FIELD_KEYS", "", field_keys, "random texts of 32 or more characters, the newest first, with blanks between them."
)

ALLOWED_HOSTS: list[str] = [host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host.strip()]
_own = split_domain_port(urlsplit(SITE_URL).netloc)[0]  # as a request names it
if not _own:
    refuse(
        "SITE_URL", "write its host as browsers send it, such as https://news.example or https://xn--zrich-kva.example."
    )
ALLOWED_HOSTS = ALLOWED_HOSTS or ([_own, *sorted(LOOPBACK - {"::1"}), "[::1]"] if SITE_HOST in LOOPBACK else [_own])
if "*" in ALLOWED_HOSTS:
    refuse("ALLOWED_HOSTS", "name the hosts; * lets anybody choose the host that our links and mails show.")
if not validate_host(_own, ALLOWED_HOSTS):
    refuse("ALLOWED_HOSTS", f"add {_own}, the host of SITE_URL; without it the site's own links answer 400.")

TIME_ZONE: str = read("TIME_ZONE", "UTC", lambda text: zoneinfo.ZoneInfo(text).key, "a zone such as Europe/Berlin.")
# Which of these somebody has chosen; the newsroom's first steps say so.
CHOSEN = {name for name in ("LANGUAGE_CODE", "TIME_ZONE", "EMAIL_URL") if os.environ.get(name, "").strip()}
LOCALE_PATHS = [BASE_DIR / "locale"]
# The languages that the site has words in, by code: English, and each with a catalogue. In another one, pages would say
# that they are in it, and their words would be English.
CATALOGUES: dict[str, str] = {
    code: dict(DJANGO_LANGUAGES).get(code, code)
    for code in (
        "en",
        *(to_language(file.parts[-3]) for file in sorted(BASE_DIR.glob("locale/*/LC_MESSAGES/django.mo"))),
    )
}
LANGUAGE_CODE: str = read(
    "LANGUAGE_CODE",
    "en",
    language,
    f"the site has words in {', '.join(CATALOGUES.values())} only; choose {', '.join(CATALOGUES)} or a variant: en-gb.",
)
USE_TZ = USE_I18N = True
# The site's own language stands for the one that it is a variant of.
LANGUAGES = [
    (LANGUAGE_CODE if code in {LANGUAGE_CODE, LANGUAGE_CODE.split("-")[0]} else code, name)
    for code, name in CATALOGUES.items()
]

if os.environ.get("AKISMET_API_KEY", "").strip():  # The contract names it; whoever sets it relies on it.
    refuse("AKISMET_API_KEY", "leave it empty: comments are not sent to Akismet, so nothing would be checked by it.")

# The number of proxies in front of us: 0, the peer's address counts; 1, the right-most hop of X-Forwarded-For.
TRUSTED_PROXY_COUNT: int = read("TRUSTED_PROXY_COUNT", "0", count, "how many proxies stand in front: 0, 1, 2 …")
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

# Who may read `/metrics` besides staff, by address.
METRICS_NETWORKS: list[IPv4Network | IPv6Network] = read(
    "METRICS_NETWORKS", "", networks, "networks separated by commas, such as 10.0.0.0/24, 127.0.0.1/32, fd00::/64."
)


def demonstrated(text: str) -> bool:
    """Return whether a part that is only for trying the site out is on. `on-loopback`: only where nobody else comes."""
    return SITE_HOST in LOOPBACK if text == "on-loopback" else switch(text)


# --- Ways to sign in ----------------------------------------------------------------------------------------------
# Each appears where its keys are set: WORDPRESS_CLIENT_ID and WORDPRESS_CLIENT_SECRET, and so on (docs/operating.md).
# The demonstration plays providers that have no keys, on loopback alone (newsreader.demo.providers); `make run` writes
# `on-loopback` into its private file.
DEMO_PROVIDERS: bool = read("DEMO_PROVIDERS", "off", demonstrated, "on or off.")
if DEMO_PROVIDERS and SITE_HOST not in LOOPBACK:
    refuse("DEMO_PROVIDERS", f"turn it off: anybody could sign in as anybody on {SITE_URL}.")
SIGN_IN_WITH = provider_settings.configured(SITE_URL if DEMO_PROVIDERS else "")
DEMONSTRATED: tuple[str, ...] = provider_settings.demonstrated() if DEMO_PROVIDERS else ()
# Addresses of portraits that played providers give, with the files that are there: loopback is not fetched from.
DEMO_PORTRAITS: dict[str, Path] = {
    provider_settings.portrait_at(SITE_URL, file.stem): file
    for file in (BASE_DIR / "newsreader" / "static" / "demo").glob("*.webp")
    if DEMONSTRATED
}
# More origins that sign-in passes through, where an OpenID Connect server redirects to another host.
SIGN_IN_ORIGINS: list[str] = read(
    "SIGN_IN_ORIGINS",
    "",
    lambda text: [origin(part) for part in text.replace(",", " ").split()],
    "addresses without a path, separated by blanks: https://login.example https://id.example.",
)
# Staff without a second factor have to set one up at sign-in before they reach the admin. `make run` writes
# `unless-loopback` into its private file, so that trying the site locally needs no second factor.
STAFF_SECOND_FACTOR: bool = read(
    "STAFF_SECOND_FACTOR",
    "on",
    lambda text: SITE_HOST not in LOOPBACK if text == "unless-loopback" else switch(text),
    "on or off.",
)

# --- Rooms and libraries ------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "newsreader.apps.NewsreaderConfig",
    "newsreader.mailing",
    "newsreader.accounts",
    "articles",
    "comments",
    "newsreader.personal_data",
    "newsreader.apps.AdminSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "newsreader.apps.StaticFilesConfig",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.headless",
    *(provider.app for provider in SIGN_IN_WITH),
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_prose_editor",
    "django_tasks",
    "django_tasks_db",
]

MIDDLEWARE = [
    "newsreader.kit.tracing.Traced",
    "newsreader.middleware.Headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_http_compression.middleware.HttpCompressionMiddleware",
    "newsreader.middleware.Conditional",
    "newsreader.middleware.Cookieless",
    "newsreader.middleware.Limits",
    "newsreader.middleware.Slashes",
    "newsreader.middleware.Waited",
    "newsreader.accounts.middleware.Sessions",
    "django.middleware.common.CommonMiddleware",
    "newsreader.middleware.Sender",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "newsreader.accounts.middleware.Rights",
    "newsreader.accounts.upload_pass.UploadPass",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "newsreader.middleware.Known",
    "newsreader.middleware.Locale",
    "newsreader.accounts.middleware.AccountGuard",
    "newsreader.middleware.Refusals",
]

ROOT_URLCONF = "newsreader.urls"
WSGI_APPLICATION = "newsreader.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "newsreader.kit.templates.Templates",
        "NAME": "django",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["newsreader.templatetags.times"],
            # A public page must be the same bytes for everybody, so its templates use neither user nor messages. Both
            # are lazy: a page that does not show them reads no session.
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "newsreader.context_processors.context",
            ],
        },
    }
]

# --- Data ---------------------------------------------------------------------------------------------------------
_database = read(
    "DATABASE_URL",
    f"sqlite:///{BASE_DIR}/var/newsreader.sqlite3",
    one_of("sqlite", "postgres", "postgresql"),
    "sqlite:///path or postgres://user:password@host/name.",
)
# A reader is answered within five seconds, whatever the database does; the worker and commands have time.
WEB = os.environ.get("NEWSREADER_ROLE") == "web"
WAIT_OF_WEB, WAIT_OF_WORKER = 3, 20  # seconds for a lock
WAIT = WAIT_OF_WEB if WEB else WAIT_OF_WORKER
DATABASES: dict[str, dict[str, Any]] = {"default": environ.Env.db_url_config(_database)}
# PgBouncer lends a connection for one transaction: what is said at its start, or set for longer, would not hold.
POOLED: bool = read(
    "DATABASE_POOLER", "", {"": False, "pgbouncer": True}.__getitem__, "pgbouncer, or nothing if there is none."
)


def limit(database: dict[str, Any], **seconds: float) -> None:
    """Have PostgreSQL end what takes longer. Of the operator's own options it takes what else is in them."""
    database["ENGINE"] = "newsreader.kit.postgresql"
    options = database.setdefault("OPTIONS", {})
    if POOLED:
        database["DISABLE_SERVER_SIDE_CURSORS"] = True
        return  # PgBouncer refuses them, or drops them: they are in its own configuration.
    mine = [f"-c {name}={round(value * 1000)}" for name, value in seconds.items()]
    options["options"] = " ".join([*mine, options.get("options", "")]).strip()


SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if SQLITE:
    if DATABASES["default"]["NAME"] != ":memory:":
        DATABASES["default"]["NAME"] = BASE_DIR / DATABASES["default"]["NAME"]
        Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # Writers queue at BEGIN instead of failing at the first write.
        "timeout": WAIT,
        # What is deleted is overwritten with zeros: an erased person is gone from the file, too. The file is not mapped
        # into memory (`mmap_size`): where somebody writes, what is read then costs a tenth more. Each connection keeps
        # 8 MB of it: with 20 the site takes 8 MiB more while idle, and is no faster.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        " PRAGMA cache_size=-8000; PRAGMA secure_delete=ON;",
    }
    DATABASES["default"]["CONN_MAX_AGE"] = (
        None  # Opening the file and setting pragmas takes longer than a page's queries.
    )
    _of_web, _of_worker = (
        DATABASES["default"]["OPTIONS"] | {"timeout": seconds} for seconds in (WAIT_OF_WEB, WAIT_OF_WORKER)
    )
else:
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 3)  # seconds
    _hasty, _patient = (DATABASES["default"] | {"OPTIONS": dict(DATABASES["default"]["OPTIONS"])} for _ in range(2))
    for _kind, _wait, _statement in (_hasty, WAIT_OF_WEB, 10), (_patient, WAIT_OF_WORKER, 600):
        limit(_kind, lock_timeout=_wait, statement_timeout=_statement, idle_in_transaction_session_timeout=60)
    _of_web, _of_worker = _hasty["OPTIONS"], _patient["OPTIONS"]
    DATABASES["default"] = _hasty if WEB else _patient
    # The number of threads is fixed (see serve), so each may keep its connection, with what is prepared on it.
    DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}  # seconds
# What differs where one of them is forked from a process that has read its settings as the other (operations.roles).
OF_WEB: dict[str, Any] = {"WEB": True, "WAIT": WAIT_OF_WEB, "OPTIONS": _of_web}
OF_WORKER: dict[str, Any] = {"WEB": False, "WAIT": WAIT_OF_WORKER, "OPTIONS": _of_worker}
if SQLITE and POOLED:
    refuse("DATABASE_POOLER", "leave it out: SQLite has no PgBouncer in front of it.")

# Public pages are read from these while they are up to date (newsreader.kit.replicas).
_replicas = read(
    "DATABASE_REPLICA_URLS", "", replicas, "postgres://user:password@host/name, several with blanks, or nothing."
)
if SQLITE and _replicas:
    refuse("DATABASE_REPLICA_URLS", "leave it out, or use PostgreSQL (DATABASE_URL): SQLite has no replicas.")
REPLICAS = [f"replica-{number}" for number in range(1, len(_replicas) + 1)]
if REPLICAS:
    from newsreader.kit.replicas import limits as _limits_of_replicas  # Imports the driver.

    for _alias, _replica in zip(REPLICAS, _replicas, strict=True):
        limit(_replica, statement_timeout=_limits_of_replicas.STATEMENT, idle_in_transaction_session_timeout=10)
        _replica["OPTIONS"]["pool"] = _limits_of_replicas.pool(WEB_THREADS)
        DATABASES[_alias] = _replica | {"TEST": {"MIRROR": "default"}}
    DATABASE_ROUTERS = ["newsreader.kit.replicas.routing.Router"]
    MIDDLEWARE.insert(MIDDLEWARE.index("newsreader.middleware.Waited") + 1, "newsreader.middleware.FromReplica")

REDIS_URL: str = read(
    "REDIS_URL", "", one_of("redis", "rediss", "valkey", "unix"), "redis://host:6379/0, or nothing."
).replace("valkey://", "redis://", 1)
_redis = {"BACKEND": "newsreader.kit.steady_cache.SteadyRedis", "LOCATION": REDIS_URL}
_soon = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}  # seconds
_table = {
    "BACKEND": "django.core.cache.backends.db.DatabaseCache",
    "LOCATION": "cache_entries",
    "OPTIONS": {"MAX_ENTRIES": 20_000},
}
_memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 20_000}}
CACHES: dict[str, dict[str, Any]] = {
    # Shared by all processes, as rate limits on signing in need.
    "default": _redis | {"OPTIONS": _soon | {"FALLBACK": "table"}} if REDIS_URL else _table,
    # Counts API requests per client. Without Redis each process counts for itself: the limit is for fairness, not
    # for safety, and not worth a database write with every request.
    "requests": _redis | {"KEY_PREFIX": "requests", "OPTIONS": _soon | {"FALLBACK": "memory"}}
    if REDIS_URL
    else _memory,
    # These stand in for Redis while it is away; `/readyz` writes to the table.
    "table": _table,
    "memory": _memory,
}

TASKS = {"default": {"BACKEND": "newsreader.kit.task_queue.Queue", "QUEUES": ["default", "long"]}}

# --- People -------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "newsreader.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1"]
ACCOUNT_FORMS = {"signup": "newsreader.accounts.forms.SignUp"}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True  # Owners are told of changes to their account.
ACCOUNT_USERNAME_BLACKLIST = ["admin", "administrator", "editor", "moderator", "staff", "root", "system", "anonymous"]
ACCOUNT_RATE_LIMITS = {"invitation": "30/m/ip"}  # Beside the library's own: opening and accepting invitations.
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
SOCIALACCOUNT_ADAPTER = "newsreader.accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_PROVIDERS = {provider.allauth: provider.settings for provider in SIGN_IN_WITH}
# An email address from a provider neither signs in to an account nor connects accounts (docs/decisions/0008-…).
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = False
SOCIALACCOUNT_LOGIN_ON_GET = SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_AUTO_SIGNUP = SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5  # seconds
MFA_ADAPTER = "newsreader.accounts.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = MFA_PASSKEY_SIGNUP_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SITE_HOST in LOOPBACK
USERSESSIONS_TRACK_ACTIVITY = False  # Otherwise every request would write to the database.
HEADLESS_CLIENTS = ["app"]
HEADLESS_FRONTEND_URLS = {
    "account_confirm_email": f"{SITE_URL}/accounts/confirm-email/{{key}}/",
    "account_reset_password": f"{SITE_URL}/accounts/password/reset/",
    "account_reset_password_from_key": f"{SITE_URL}/accounts/password/reset/key/{{key}}/",
    "account_signup": f"{SITE_URL}/accounts/signup/",
    "socialaccount_login_error": f"{SITE_URL}/accounts/3rdparty/login/error/",
}

# The public keys (age1…) for whose owners `manage.py backup` encrypts; without one, copies are plain.
BACKUP_RECIPIENT: list[str] = read(
    "BACKUP_RECIPIENT", "", public_keys, "a public key of age, as `age-keygen` makes it: age1…; several with blanks."
)

# --- Mail ---------------------------------------------------------------------------------------------------------
# While the site is tried out on loopback, mails are kept in a folder and read in the newsroom (newsreader.demo.mails).
# `make run` writes `on-loopback` into its private file.
DEMO_MAILS: bool = not os.environ.get("EMAIL_URL") and read("DEMO_MAILS", "off", demonstrated, "on or off.")
if DEMO_MAILS and SITE_HOST not in LOOPBACK:
    refuse("DEMO_MAILS", f"turn it off: editors would read everybody's sign-in codes on {SITE_URL}.")
MAIL_FOLDER = (Path(DATABASES["default"]["NAME"]).parent if SQLITE else BASE_DIR / "var") / "mails"
_mail_url: str | Provider = read(
    "EMAIL_URL",
    "consolemail://",
    lambda text: mail_provider(text) or one_of(*environ.Env.EMAIL_SCHEMES)(text),
    f"smtp://user:password@host:25, smtp+tls://…, consolemail://, or {MEND}",
)
# A provider that takes mails over its API, by anymail, and tells what became of them (newsreader.mailing.providers).
MAIL_PROVIDER: Provider | None = _mail_url if isinstance(_mail_url, Provider) else None
ANYMAIL: dict[str, Any] = MAIL_PROVIDER.settings if MAIL_PROVIDER else {}
_mail = environ.Env.email_url_config(_mail_url if isinstance(_mail_url, str) else "dummymail://")
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_BACKEND"], _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
if DEMO_MAILS:
    EMAIL_BACKEND = "newsreader.demo.mails.backend.EmailBackend"
if MAIL_PROVIDER:
    EMAIL_BACKEND = MAIL_PROVIDER.backend
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"] or "", _mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _mail["EMAIL_FILE_PATH"]
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL: str = read(
    "DEFAULT_FROM_EMAIL",
    f"newsroom@[IPv6:{SITE_HOST}]" if ":" in SITE_HOST else f"newsroom@{SITE_HOST}",
    sender_of_mails,
    "an address, Ferry Post desk <news@example.org>, and quotation marks around a name with a comma or @.",
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL_SUBJECT_PREFIX: str = os.environ.get("MAIL_SUBJECT_PREFIX", "").strip()

# --- Files --------------------------------------------------------------------------------------------------------
STATIC_URL, STATIC_ROOT = "/static/", BASE_DIR / "var" / "static"
# Collected files have their content's hash in their names and are cached forever. Before `collectstatic` has run,
# files are served from their source folders, read at each start.
_collected = (STATIC_ROOT / "staticfiles.json").is_file() or "collectstatic" in sys.argv[1:2]
WHITENOISE_USE_FINDERS = not _collected
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where it is missing.
_uploads: Path | dict[str, Any] | None = read(
    "STORAGE_URL", "", uploads, "file:///folder or s3://KEY:SECRET@host/bucket?region=… (or nothing: var/media/)."
)
# Files to be imported wait here, private, until the worker has read them (newsreader.kit.private_uploads).
UPLOAD_FOLDER = (Path(DATABASES["default"]["NAME"]).parent if SQLITE else BASE_DIR / "var") / "imports"
MEDIA_URL, MEDIA_ROOT = "/media/", _uploads if isinstance(_uploads, Path) else BASE_DIR / "var" / "media"
# What a proxy serves by itself; everything else is our account's alone (see manage.py).
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o644, 0o755
COLLECTED = "newsreader.kit.static_files.Collected"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "newsreader.kit.s3_storage.Bucket", "OPTIONS": _uploads}
    if isinstance(_uploads, dict)
    else {"BACKEND": "newsreader.kit.disk_storage.Disk"},
    "staticfiles": {"BACKEND": COLLECTED if _collected else "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024  # bytes; a reply of 10,000 characters needs at most 120 kB
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# A CDN in front of the site is told what to drop. It may be let keep pages longer than the one second of other caches.
CDN: Cdn | None = read(
    "CDN_URL", "", content_network, "fastly://TOKEN@SERVICE or cloudflare://TOKEN@ZONE, or nothing if there is none."
)
CDN_SECONDS: int = read("CDN_SECONDS", "0", count, "seconds that the CDN may keep a page, for instance 3600.")
if CDN_SECONDS and not CDN:
    refuse("CDN_SECONDS", "set CDN_URL too: a CDN that nobody tells what to drop would show old pages.")

# --- Safety -------------------------------------------------------------------------------------------------------
# Over https no other host of the domain can plant a cookie of such a name; see newsreader.kit.cookies.
COOKIE_PREFIX = "__Host-" if SECURE else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid", f"{COOKIE_PREFIX}csrftoken"
SESSION_ENGINE = "newsreader.accounts.session_store"
MESSAGE_STORAGE = "newsreader.kit.cookies.Messages"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "newsreader.views.forgery_refused"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if SECURE and TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # The proxy that terminates TLS redirects to https.
    "security.W005",  # Subdomains and preload are the operator's to promise,
    "security.W021",  # not ours.
    "security.W003",
    "security.W002",
]

# Articles know nothing of comments, so this names what returns the column that says after how many days theirs close.
CLOSE_COMMENTS_AFTER_DAYS = "comments.screening.article_settings.closing_days"
# Accounts know nothing of comments either: this is called where a portrait has been removed or replaced.
PICTURE_GONE = "comments.posting.portraits.give_up"
# Shown on every page and in every mail.
FRAME = "newsreader.context_processors.context"
# What the rooms know of an address, for the page in the admin that says why it gets no mail: functions from an address
# to labels with words.
ADDRESS_FACTS = ["newsreader.accounts.letters.address_facts", "comments.notifications.address_facts.facts"]
# What letters say is known by the room that they come from. By the prefix of their names, the longest that fits, the
# function from letters to the contexts of their templates.
LETTER_CONTEXTS = {
    "account_": "newsreader.accounts.letters.contexts",
    "article_": "articles.submissions.contexts",
    "article_held_up": "comments.notifications.contexts.contexts",
    "comment_": "comments.notifications.contexts.contexts",
    "erasure_": "newsreader.personal_data.requests.contexts",
    "invitation": "newsreader.accounts.invitations.contexts",
    "my_data_": "newsreader.personal_data.export_links.contexts",
    "log_alarm": "comments.notifications.log_alarm.contexts",
    "mail_alarm": "comments.notifications.mail_alarm.contexts",
    "reader_": "comments.notifications.mailings.contexts",
    "comments_waiting": "comments.notifications.moderators.contexts",
    "comments_overdue": "comments.notifications.alarm.contexts",
    "author_": "comments.notifications.authors.contexts",
    "chat_": "comments.notifications.chat_delivery.contexts",
}

# --- API ----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "newsreader.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "newsreader.api.explain",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "newsreader.accounts.api_authentication.SessionToken",
        "newsreader.kit.rest.SiteSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_PARSER_CLASSES": ["newsreader.kit.rest.StrictJSON"],
    "DEFAULT_METADATA_CLASS": "newsreader.kit.rest.Metadata",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "newsreader.kit.pagination.Cursor",
    "DEFAULT_THROTTLE_CLASSES": ["newsreader.kit.rest.ByVisitor"],
    "DEFAULT_THROTTLE_RATES": {"visitor": "600/min"},
    "PAGE_SIZE": 20,
    "NUM_PROXIES": TRUSTED_PROXY_COUNT,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Newsreader",
    "DESCRIPTION": "Articles, the replies under them, and their moderation. Errors are `application/problem+json`.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "CommentStatusEnum": "comments.models.Comment.Status",
        "ArticleKindEnum": "articles.models.Article.Kind",
        "ArticleStateEnum": "articles.models.Article.State",
        "BatchStateEnum": "comments.models.Batch.State",
        "SourceKindEnum": "articles.models.SourceAttribution.Kind",
    },
}

# --- What operators see -------------------------------------------------------------------------------------------
# Where errors are reported to, besides the log.
SENTRY_DSN: str = read("SENTRY_DSN", "", sentry_dsn, "the project's DSN: https://key@sentry.example/7 (or nothing).")
LOG_LEVEL: str = read("LOG_LEVEL", "INFO", log_level, "DEBUG, INFO, WARNING, ERROR or CRITICAL.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "newsreader.kit.log_lines.Lines"}},
    "filters": {"sampled": {"()": "newsreader.kit.logs.Sampled"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["sampled"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {"django.server": {"handlers": ["console"], "propagate": False}},
}
