"""The lists that stood as text in the rules become entries; they go on matching inside words, as they did."""

from django.db import migrations

LISTS = {"held_words": "hold", "spam_words": "spam"}


def split(apps, schema_editor):
    using = schema_editor.connection.alias
    entry_model = apps.get_model("comments", "Rule")
    for rules in apps.get_model("comments", "CommentRules").objects.using(using).all():
        for name, action in LISTS.items():
            patterns = dict.fromkeys(line.strip()[:200] for line in getattr(rules, name).splitlines())
            entry_model.objects.using(using).bulk_create(
                [entry_model(pattern=pattern, match="substring", action=action) for pattern in patterns if pattern],
                ignore_conflicts=True,
            )


def join(apps, schema_editor):
    using = schema_editor.connection.alias
    entries = apps.get_model("comments", "Rule").objects.using(using).filter(is_active=True)
    for rules in apps.get_model("comments", "CommentRules").objects.using(using).all():
        for name, action in LISTS.items():
            wanted = entries.filter(action=action, match__in=["word", "substring"]).order_by("pattern")
            setattr(rules, name, "\n".join(wanted.values_list("pattern", flat=True)))
        rules.save(update_fields=list(LISTS))


class Migration(migrations.Migration):
    dependencies = [("comments", "0004_list_entries")]
    operations = [migrations.RunPython(split, join)]
