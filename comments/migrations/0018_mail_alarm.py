"""Above how many mails an hour that strangers ask for those who run the site are told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0017_bounded_drafts"),
    ]

    operations = [
        migrations.AddField(
            model_name="commentsettings",
            name="asked_mails_alarm",
            field=models.PositiveIntegerField(
                db_default=500,
                default=500,
                help_text="Codes, resets, sign-ups and confirmations. 0: never.",
                verbose_name="tell those who run the site above so many mails an hour that strangers ask for",
            ),
        ),
    ]
