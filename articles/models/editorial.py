"""What authors and editors tell each other about an article before readers see it."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article


class Submission(models.Model):
    """An author has sent this article to the editors. Sent back or published, the row goes; the notes stay."""

    article = models.OneToOneField(Article, models.CASCADE, related_name="submission", verbose_name=_("article"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("sent by")
    )
    sent_at = models.DateTimeField(_("sent at"), default=timezone.now)

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")

    def __str__(self) -> str:
        return str(self.article)


class EditorialNote(models.Model):
    """One step between an author and the editors, with what was said about it. Readers never see it."""

    class Kind(models.TextChoices):
        NOTE = "note", _("wrote a note")
        SENT = "sent", _("sent it to the editors")
        SENT_BACK = "sent_back", _("sent it back")
        PUBLISHED = "published", _("published")

    article = models.ForeignKey(Article, models.CASCADE, related_name="editorial_notes", verbose_name=_("article"))
    kind = models.CharField(_("what"), max_length=10, choices=Kind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    text = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text or self.get_kind_display()
