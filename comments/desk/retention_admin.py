"""How long what is known of people is kept, in the admin: each rule as a sentence.

Here, since the sentences are the desk's and the log is the comments'. A new rule gets its sentence in SENTENCES.
"""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from comments.desk.rules_admin import RulesAdmin
from newsreader.accounts.models import Retention

SENTENCES = {
    "addresses_whole": _("Cut IP addresses to their network after %(field)s days"),
    "addresses": _("Delete IP addresses altogether after %(field)s days"),
    "browsers": _("Delete the names of browsers after %(field)s days"),
    "sessions": _("Delete ended sessions %(field)s days after their end"),
    "draft_hours": _("Delete drafts %(field)s hours after somebody began to sign in with them"),
    "proofs": _("Delete links to confirm an address, and accounts that nobody has confirmed, after %(field)s days"),
    "mails": _("Delete sent emails from the list of emails after %(field)s days"),
    "tasks": _("Delete finished background tasks after %(field)s days"),
    "files": _("Delete pictures and portraits that belong to nothing after %(field)s days"),
    "invitations": _("Delete invitations that nobody accepted %(field)s days after their end"),
    "pictures": _("Delete the note that a picture could not be used after %(field)s days"),
    "notices": _("Delete the list of what readers were told by email after %(field)s days"),
    "uploads": _("Delete files that were uploaded to be imported after %(field)s days"),
    "reports": _("Delete who made a report, and what they wrote, %(field)s days after it was settled"),
    "appeals": _("Delete the words of an appeal %(field)s days after it was settled"),
    "log_people": _("Delete names and addresses from the audit log after %(field)s days"),
}
HELP = {
    "addresses_whole": _("203.0.113.77 becomes 203.0.113.0/24. Bans of one address need it whole; raids take hours."),
    "addresses": _("Searching by network and finding similar comments by network end with it."),
    "browsers": "",
    "sessions": _("With the address and the browser of each. Nobody can sign in with an ended session."),
    "draft_hours": _("At most a day."),
    "proofs": _("If nobody has followed them. The address can then be asked again."),
    "mails": _("Nobody gets an email about the same thing twice while it is listed."),
    "tasks": "",
    "files": _("0: the log only says how many there are."),
    "invitations": "",
    "pictures": "",
    "notices": _("Nothing that is older than two months is told, so nobody is told of anything twice."),
    "uploads": _("If nobody has gone on with the import meanwhile."),
    "reports": _("The reason and the outcome stay. The law gives people six months to appeal against the outcome."),
    "appeals": _("The outcome stays. Open ones keep everything."),
    "log_people": _("What was decided, when, and by which account stays. 0: never."),
}


@admin.register(Retention)
class RetentionAdmin(RulesAdmin):
    """The rules of retention. No page depends on them."""

    heading = _("How long personal data is kept")
    sentences = SENTENCES
    hints = HELP
    subject = "retention"
    fieldsets = [
        (_("Where people came from"), {"fields": ["addresses_whole", "addresses", "browsers", "sessions"]}),
        (_("What waits for somebody"), {"fields": ["draft_hours", "proofs", "pictures", "invitations"]}),
        (_("Reports and appeals"), {"fields": ["reports", "appeals"]}),
        (_("Traces of work"), {"fields": ["mails", "notices", "tasks", "uploads", "files", "log_people"]}),
    ]
