"""The sentences of the built-in reasons as a native editor says them. What editors have changed stays as it is."""

from django.db import migrations

SENTENCES = {
    "off_topic": ("It is not about the article it stands under.", "It is not about the article."),
    "personal_data": ("It gives away personal data of somebody.", "It shares somebody’s personal information."),
    "illegal": (
        "We think that publishing it would be against the law.",
        "We believe that publishing it would break the law.",
    ),
    "duplicate": ("You have said the same before.", "You have already said the same."),
}
LABELS = {"personal_data": ("gives away personal data", "shares personal information")}


def word(apps, schema_editor):
    reasons = apps.get_model("comments", "RefusalReason").objects.using(schema_editor.connection.alias)
    for code, (before, after) in SENTENCES.items():
        reasons.filter(code=code, sentence=before).update(sentence=after)
    for code, (before, after) in LABELS.items():
        reasons.filter(code=code, label=before).update(label=after)


class Migration(migrations.Migration):
    takes_locks = "Five rows of a table of some ten."
    dependencies = [("comments", "0012_indexes_for_lists")]
    operations = [migrations.RunPython(word, migrations.RunPython.noop)]
