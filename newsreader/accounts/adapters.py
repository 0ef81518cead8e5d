"""allauth's hooks: mails leave through the outbox's worker, never inside the request."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.mail import EmailMessage, EmailMultiAlternatives

from newsreader.kit.tasks import task
from newsreader.kit.web import client_address


@task()
def send_account_mail(subject: str, body: str, html: str, to: list[str]) -> None:
    """Send one of allauth's mails (codes, confirmations, notices)."""
    message = EmailMultiAlternatives(subject, body, None, to)
    if html:
        message.attach_alternative(html, "text/html")
    message.send()


class AccountAdapter(DefaultAccountAdapter):
    """Who may join and how they hear from us."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        context = {"request": self.request, "email": email} | context
        message: EmailMessage = self.render_mail(template_prefix, email, context)
        html = next((str(part[0]) for part in getattr(message, "alternatives", [])), "")
        send_account_mail.enqueue(subject=str(message.subject), body=str(message.body), html=html, to=message.to)

    def get_client_ip(self, request: Any) -> str:
        return client_address(request)
