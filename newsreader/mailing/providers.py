"""Mail providers that EMAIL_URL can name, besides SMTP: what each address means to anymail. Imports nothing of it.

To add one that anymail knows, add it to FORMS, with where its parts go, and to `docs/operating.md`.

The query has what is optional: `events=SECRET`, with which the provider tells of mail that came back or was reported as
spam (`newsreader.mailing.provider_events`); `region=eu`, where a provider has several; `api=https://…`, its address.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
EVENTS_USER = "newsreader"  # by which a provider authenticates (Basic), with the secret as the password
SHORTEST = 20  # characters of that secret
MEND = (
    "a provider: mailgun://KEY@domain, postmark://TOKEN, brevo://KEY, mailjet://KEY:SECRET, resend://KEY, "
    "sendgrid://KEY, sparkpost://KEY, mailersend://TOKEN or ses://KEY:SECRET@region; with ?events= and a secret of 20 "
    "or more characters it tells of mail that came back."
)


class Form(NamedTuple):
    """How a provider's address is read: the names of anymail's settings for its parts; empty: it has no such part."""

    module: str  # anymail's, of its backend and of its webhooks
    view: str  # the class for its events; empty: anymail has none
    user: str
    password: str = ""
    host: str = ""
    regions: dict[str, str] = {}  # region -> address of the API
    more: dict[str, str] = {}  # other parameters of the query -> anymail's settings


FORMS = {
    "mailgun": Form(
        "mailgun",
        "MailgunTrackingWebhookView",
        "MAILGUN_API_KEY",
        host="MAILGUN_SENDER_DOMAIN",
        regions={"us": "https://api.mailgun.net/v3", "eu": "https://api.eu.mailgun.net/v3"},
        more={"signing_key": "MAILGUN_WEBHOOK_SIGNING_KEY"},
    ),
    "postmark": Form(
        "postmark",
        "PostmarkTrackingWebhookView",
        "POSTMARK_SERVER_TOKEN",
        more={"stream": "POSTMARK_MESSAGE_STREAM"},
    ),
    "brevo": Form("brevo", "BrevoTrackingWebhookView", "BREVO_API_KEY"),
    "mailjet": Form("mailjet", "MailjetTrackingWebhookView", "MAILJET_API_KEY", "MAILJET_SECRET_KEY"),
    "resend": Form("resend", "ResendTrackingWebhookView", "RESEND_API_KEY"),
    "sendgrid": Form("sendgrid", "SendGridTrackingWebhookView", "SENDGRID_API_KEY"),
    "sparkpost": Form(
        "sparkpost",
        "SparkPostTrackingWebhookView",
        "SPARKPOST_API_KEY",
        regions={"us": "https://api.sparkpost.com/api/v1", "eu": "https://api.eu.sparkpost.com/api/v1"},
    ),
    "mailersend": Form(
        "mailersend",
        "MailerSendTrackingWebhookView",
        "MAILERSEND_API_TOKEN",
        more={"signing_key": "MAILERSEND_SIGNING_SECRET"},
    ),
    "ses": Form(
        "amazon_ses", "AmazonSESTrackingWebhookView", "aws_access_key_id", "aws_secret_access_key", "region_name"
    ),
}


class Provider(NamedTuple):
    """A mail provider as EMAIL_URL names it."""

    name: str
    backend: str  # the dotted path of the backend of Django's mail
    settings: dict[str, Any]  # for `settings.ANYMAIL`
    events: str  # the dotted path of the view that takes its events; empty without a secret


def provider(address: str) -> Provider | None:
    """Return the provider that an EMAIL_URL names; None for one with another scheme.

    Raises ValueError for an address of a provider that is not complete, or says what the provider does not know.
    """
    scheme, _, rest = address.partition("://")
    form = FORMS.get(scheme.lower())
    if form is None:
        return None
    parts = urlsplit(f"//{rest}")
    before, has_host, after = parts.netloc.rpartition("@")  # As they are written: keys have capitals.
    who, host = (before, after) if has_host and after else (before or after, "")
    user, has_password, password = who.partition(":")
    given = {form.user: unquote(user), form.password: unquote(password), form.host: host}
    wanted = {name for name in (form.user, form.password, form.host) if name}
    if {name for name, value in given.items() if value} != wanted or bool(has_password) != bool(form.password):
        raise ValueError
    if parts.path.strip("/") or parts.fragment:
        raise ValueError
    query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    values: dict[str, Any] = {name: given[name] for name in wanted}
    if form.module == "amazon_ses":
        values = {"AMAZON_SES_CLIENT_PARAMS": values}
    secret = query.pop("events", "")
    values |= _addresses(form, query)
    for name, setting in form.more.items():
        if value := query.pop(name, ""):
            values[setting] = value
    if query or (secret and len(secret) < SHORTEST):
        raise ValueError
    # MailerSend signs its events, and does not tell us without the key.
    told = bool(secret) and (form.module != "mailersend" or "MAILERSEND_SIGNING_SECRET" in values)
    if secret and not told:
        raise ValueError
    if told:
        values["WEBHOOK_SECRET"] = f"{EVENTS_USER}:{secret}"
    return Provider(
        scheme.lower(),
        f"anymail.backends.{form.module}.EmailBackend",
        values | {"REQUESTS_TIMEOUT": 10},  # seconds, as with SMTP
        f"anymail.webhooks.{form.module}.{form.view}" if told else "",
    )


def _addresses(form: Form, query: dict[str, str]) -> dict[str, Any]:
    """Take region and address of the API out of the query, and return anymail's setting. Raises ValueError."""
    region, api = query.pop("region", ""), query.pop("api", "")
    if region and region not in form.regions:
        raise ValueError
    found = api or form.regions.get(region, "")
    if not found:
        return {}
    parts = urlsplit(found)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise ValueError
    if form.module == "amazon_ses":
        raise ValueError  # It has one address for each region, which its library knows.
    return {f"{form.module.upper()}_API_URL": found}
