"""The log opens where it stands, and the reasons that moderators gave so far become rows that editors may change."""

from django.db import migrations
from django.db.models import Max

REASONS = [
    ("spam", "spam or advertising", "It advertises something, or looks like spam."),
    ("off_topic", "not about the article", "It is not about the article it stands under."),
    ("abuse", "insulting or abusive", "It insults or attacks somebody. The same point without the insult is welcome."),
    ("personal_data", "gives away personal data", "It gives away personal data of somebody."),
    ("illegal", "against the law", "We think that publishing it would be against the law."),
    ("duplicate", "said before", "You have said the same before."),
    ("mistake", "an earlier decision was a mistake", "An earlier decision of ours was a mistake."),
]


def begin(apps, schema_editor):
    reasons = apps.get_model("comments", "RefusalReason")
    reasons.objects.bulk_create(
        reasons(code=code, label=label, sentence=sentence, position=place)
        for place, (code, label, sentence) in enumerate(REASONS)
    )
    last = apps.get_model("comments", "Decision").objects.aggregate(last=Max("pk"))["last"]
    if last:
        apps.get_model("comments", "LogEntry").objects.create(kind="log_opened", facts={"last_decision": last})


class Migration(migrations.Migration):
    dependencies = [("comments", "0015_moderation_desk")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
