"""An email from `templates/letters/<name>/`: subject.txt, body.txt and, where there is one, body.html."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.encoding import punycode

from newsreader.kit.text import tidy_line


def send(name: str, address: str, context: dict[str, Any], *, language: str = "", identity: str = "") -> None:
    """Send a letter to one address in its reader's language (empty: the site's). Raises what the mail server says.

    `identity` makes the Message-ID, by which a mail server knows a letter that it has had before.
    """
    with translation.override(language or settings.LANGUAGE_CODE):
        subject = tidy_line(render_to_string(f"letters/{name}/subject.txt", context))
        message = EmailMultiAlternatives(
            subject, render_to_string(f"letters/{name}/body.txt", context), None, [address]
        )
        try:
            message.attach_alternative(render_to_string(f"letters/{name}/body.html", context), "text/html")
        except TemplateDoesNotExist:
            pass
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    if identity:
        message.extra_headers["Message-ID"] = f"<{identity}@{punycode(settings.SITE_HOST)}>"
    message.send()
