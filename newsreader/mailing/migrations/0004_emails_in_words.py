"""What staff see of emails calls them emails. Only words: nothing in the database changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailing", "0003_letter_given_up"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="letter",
            options={"verbose_name": "email", "verbose_name_plural": "emails"},
        ),
        migrations.AlterModelOptions(
            name="suppression",
            options={"verbose_name": "address without email", "verbose_name_plural": "addresses without email"},
        ),
        migrations.AlterField(
            model_name="letter",
            name="name",
            field=models.CharField(max_length=40, verbose_name="email"),
        ),
        migrations.AlterField(
            model_name="suppression",
            name="reason",
            field=models.CharField(
                choices=[
                    ("bounced", "an email to it came back"),
                    ("complained", "its owner reported our email as spam"),
                    ("unsubscribed", "its owner unsubscribed at the mail provider"),
                    ("not_me", "its owner did not ask for codes"),
                ],
                max_length=20,
                verbose_name="why",
            ),
        ),
    ]
