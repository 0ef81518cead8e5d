"""What staff see in the comments' rooms calls emails emails. Only words: nothing in the database changes."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0019_addresses_are_cut"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="authormail",
            options={"verbose_name": "emails of an author", "verbose_name_plural": "emails of authors"},
        ),
        migrations.AlterModelOptions(
            name="delivery",
            options={"verbose_name": "email", "verbose_name_plural": "emails"},
        ),
        migrations.AlterModelOptions(
            name="mailpreferences",
            options={"verbose_name": "email preferences", "verbose_name_plural": "email preferences"},
        ),
        migrations.AlterModelOptions(
            name="moderatormail",
            options={"verbose_name": "emails of a moderator", "verbose_name_plural": "emails of moderators"},
        ),
        migrations.AlterField(
            model_name="commentsettings",
            name="asked_mails_alarm",
            field=models.PositiveIntegerField(
                db_default=500,
                default=500,
                help_text="Codes, resets, sign-ups and confirmations. 0: never.",
                verbose_name="tell those who run the site above so many emails an hour that strangers ask for",
            ),
        ),
        migrations.AlterField(
            model_name="commentsettings",
            name="mail_authors",
            field=models.BooleanField(
                db_default=True, default=True, verbose_name="email authors about comments under their articles"
            ),
        ),
        migrations.AlterField(
            model_name="commentsettings",
            name="mail_confirmations",
            field=models.BooleanField(
                default=True,
                help_text="One email with a link. After following it, they no longer wait for an editor.",
                verbose_name="let guests confirm their email address",
            ),
        ),
        migrations.AlterField(
            model_name="commentsettings",
            name="mail_moderators",
            field=models.BooleanField(default=True, verbose_name="email moderators when a comment waits"),
        ),
        migrations.AlterField(
            model_name="commentsettings",
            name="mails_an_hour",
            field=models.PositiveSmallIntegerField(
                db_default=6,
                default=6,
                help_text="What comes on top waits until the hour is over, and is then one email.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1000),
                ],
                verbose_name="emails to one moderator in an hour",
            ),
        ),
        migrations.AlterField(
            model_name="refusalreason",
            name="sentence",
            field=models.TextField(
                blank=True, help_text="On their private page and in emails.", verbose_name="what the author reads"
            ),
        ),
    ]
