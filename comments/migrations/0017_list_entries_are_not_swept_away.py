import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0008_pages_at_hand"),
        ("comments", "0016_log_and_reasons"),
    ]

    operations = [
        migrations.AlterField(
            model_name="rule",
            name="article",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="articles.article",
                verbose_name="only under the article",
            ),
        ),
        migrations.AlterField(
            model_name="rule",
            name="section",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="articles.section",
                verbose_name="only in the section",
            ),
        ),
        migrations.AlterConstraint(
            model_name="rule",
            name="rule_once",
            constraint=models.UniqueConstraint(
                condition=models.Q(("article", None), ("section", None)),
                fields=("pattern", "match"),
                name="rule_once",
                violation_error_message="This entry is on the list already.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="rule",
            name="rule_once_in_section",
            constraint=models.UniqueConstraint(
                condition=models.Q(("article", None)),
                fields=("pattern", "match", "section"),
                name="rule_once_in_section",
                violation_error_message="This entry is on the list of that section already.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="rule",
            name="rule_once_under_article",
            constraint=models.UniqueConstraint(
                fields=("pattern", "match", "article"),
                name="rule_once_under_article",
                violation_error_message="This entry is on the list of that article already.",
            ),
        ),
    ]
