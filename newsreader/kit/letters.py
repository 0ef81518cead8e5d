"""An email from `templates/letters/<name>/`: subject.txt, body.txt and, where there is one, body.html."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils import translation


def send(name: str, address: str, context: dict[str, Any], *, language: str = "") -> None:
    """Send a letter to one address in its reader's language (empty: the site's). Raises what the mail server says."""
    with translation.override(language or settings.LANGUAGE_CODE):
        subject = " ".join(render_to_string(f"letters/{name}/subject.txt", context).split())
        message = EmailMultiAlternatives(
            subject, render_to_string(f"letters/{name}/body.txt", context), None, [address]
        )
        try:
            message.attach_alternative(render_to_string(f"letters/{name}/body.html", context), "text/html")
        except TemplateDoesNotExist:
            pass
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    message.send()
