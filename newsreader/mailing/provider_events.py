"""What a mail provider tells of mails: those that came back for good, or were reported as spam, suppress an address.

Imported where EMAIL_URL names a provider and a secret for its events, and something comes: it imports anymail.
A mailbox that is full for now, or a server that refuses us, says nothing about the address, and suppresses none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from newsreader.kit.email_addresses import is_email, tidy_email
from newsreader.mailing import suppression
from newsreader.mailing.suppression import Reason

logger = logging.getLogger(__name__)
MALFORMED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, AnymailError)
GONE = {RejectReason.BOUNCED, RejectReason.INVALID}
SPARKPOST_GONE = {"10", "30"}  # its classes for a recipient that does not exist


def answer(request: HttpRequest, view: str) -> HttpResponse:
    """Have anymail's view read the events and tell of them. 403 without the secret, 400 for what it cannot read.

    503 where Amazon could not be asked to confirm that its events come here: it sends that again.
    """
    try:
        found: HttpResponse = import_string(view).as_view()(request)
    except AnymailWebhookValidationFailure:
        return HttpResponse(status=403)
    except MALFORMED as error:
        logger.warning("Events of a mail provider could not be read: %s", type(error).__name__)
        return HttpResponse(status=400)
    except Exception as error:
        if not type(error).__module__.startswith("botocore."):  # Imported with SES alone.
            raise
        logger.warning("A subscription to Amazon's events could not be confirmed: %s", error)
        return HttpResponse(status=503)
    return found


def _tracked(sender: Any, event: AnymailTrackingEvent, esp_name: str, **_: Any) -> None:
    reason = reason_of(event, esp_name)
    address = tidy_email(event.recipient) if isinstance(event.recipient, str) else ""
    if reason and is_email(address):
        suppression.suppress(address, reason)


tracking.connect(_tracked, dispatch_uid="newsreader.mailing")


def reason_of(event: AnymailTrackingEvent, provider: str) -> str:
    """Return why an address gets less mail after this event; empty if it gets as much as before."""
    match event.event_type, event.reject_reason:
        case EventType.COMPLAINED, _:
            return Reason.COMPLAINED
        case EventType.UNSUBSCRIBED, _:
            return Reason.UNSUBSCRIBED
        case EventType.REJECTED, RejectReason.SPAM:
            return Reason.COMPLAINED
        case EventType.REJECTED, RejectReason.UNSUBSCRIBED:
            return Reason.UNSUBSCRIBED
        case EventType.REJECTED, why if why in GONE:
            return Reason.BOUNCED
        case EventType.BOUNCED, why if why in {*GONE, None} and _is_for_good(event, provider):
            return Reason.BOUNCED
    return ""


def _is_for_good(event: AnymailTrackingEvent, provider: str) -> bool:
    """Say whether a mail that came back will always do: anymail makes no difference."""
    known = _FOR_GOOD.get(provider)
    return known is None or known(event.esp_event, event)


def _of_resend(raw: Any, event: Any) -> bool:
    bounce = raw["data"]["bounce"]
    return bounce["type"] == "Permanent" if "type" in bounce else "hard bounce" in bounce["message"]


def _of_sparkpost(raw: Any, event: Any) -> bool:
    (told,) = raw["msys"].values()
    return str(told.get("bounce_class", "")) in SPARKPOST_GONE


_FOR_GOOD: dict[str, Callable[[Any, Any], bool]] = {
    "Amazon SES": lambda raw, event: str(event.description).startswith("Permanent"),
    "Brevo": lambda raw, event: raw["event"] != "soft_bounce",
    "MailerSend": lambda raw, event: raw["data"]["type"] != "soft_bounced",
    "Mailjet": lambda raw, event: raw.get("hard_bounce") is True,
    "Postmark": lambda raw, event: raw["Type"] != "SoftBounce",
    "Resend": _of_resend,
    "SendGrid": lambda raw, event: raw.get("type") != "blocked",
    "SparkPost": _of_sparkpost,
}
