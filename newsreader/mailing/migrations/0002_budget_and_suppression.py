"""Mails that strangers ask for are counted, and addresses that get less mail are kept, as keyed hashes."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailing", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AskedLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(max_length=64)),
                ("network", models.CharField(blank=True, max_length=64)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="MailSurge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("is_over", models.BooleanField(default=False)),
                ("asked", models.PositiveIntegerField()),
                ("limit", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(max_length=64)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("bounced", "mail to it came back"),
                            ("complained", "its owner reported our mail as spam"),
                            ("unsubscribed", "its owner unsubscribed at the mail provider"),
                            ("not_me", "its owner did not ask for codes"),
                        ],
                        max_length=20,
                        verbose_name="why",
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="since")),
            ],
            options={
                "verbose_name": "address without mail",
                "verbose_name_plural": "addresses without mail",
            },
        ),
        migrations.AddIndex(
            model_name="askedletter",
            index=models.Index(fields=["address", "at"], name="asked_by_address"),
        ),
        migrations.AddIndex(
            model_name="askedletter",
            index=models.Index(fields=["network", "at"], name="asked_by_network"),
        ),
        migrations.AddIndex(
            model_name="askedletter",
            index=models.Index(fields=["at"], name="asked_at"),
        ),
        migrations.AddConstraint(
            model_name="mailsurge",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_over", False)), fields=("is_over",), name="one_mail_surge_at_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.UniqueConstraint(fields=("address", "reason"), name="suppressed_once_per_reason"),
        ),
    ]
