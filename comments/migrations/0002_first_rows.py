"""The one row of settings, and the reasons that moderators are offered at first. Editors change both."""

from django.db import migrations

REASONS = [
    ("spam", "spam or advertising", "It advertises something, or looks like spam."),
    ("off_topic", "not about the article", "It is not about the article it stands under."),
    ("abuse", "insulting or abusive", "It insults or attacks somebody. The same point without the insult is welcome."),
    ("personal_data", "gives away personal data", "It gives away personal data of somebody."),
    ("illegal", "against the law", "We think that publishing it would be against the law."),
    ("duplicate", "said before", "You have said the same before."),
    ("mistake", "an earlier decision was a mistake", "An earlier decision of ours was a mistake."),
]


def make(apps, schema_editor):
    using = schema_editor.connection.alias
    apps.get_model("comments", "CommentSettings").objects.using(using).get_or_create(pk=1)
    reasons = apps.get_model("comments", "RefusalReason")
    reasons.objects.using(using).bulk_create(
        reasons(code=code, label=label, sentence=sentence, position=position)
        for position, (code, label, sentence) in enumerate(REASONS)
    )


class Migration(migrations.Migration):
    dependencies = [("comments", "0001_initial")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
