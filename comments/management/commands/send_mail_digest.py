"""Mail readers what they asked to be told and what is due. The worker does the same every few seconds."""

from typing import Any

from django.core.management.base import BaseCommand

from comments.audit import audit_log
from comments.notifications.fan_out import tell_followers, tell_readers
from comments.notifications.mailings import send_mail_digests


class Command(BaseCommand):
    help = "Mails readers what they asked to be told: one by one, or in digests, as each has chosen."

    def handle(self, *args: Any, **options: Any) -> None:
        audit_log.seal()  # What has just happened is told, too.
        tell_readers()
        tell_followers()
        self.stdout.write(f"{send_mail_digests()} mails queued.")
