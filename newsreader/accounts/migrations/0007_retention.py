from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_known_ways"),
    ]

    operations = [
        migrations.CreateModel(
            name="Retention",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "addresses_whole",
                    models.PositiveSmallIntegerField(
                        default=7,
                        validators=[MinValueValidator(1), MaxValueValidator(90)],
                        verbose_name="days that IP addresses are kept whole",
                    ),
                ),
                (
                    "addresses",
                    models.PositiveSmallIntegerField(
                        default=90,
                        validators=[MinValueValidator(1), MaxValueValidator(730)],
                        verbose_name="days that the networks of IP addresses are kept",
                    ),
                ),
                (
                    "browsers",
                    models.PositiveSmallIntegerField(
                        default=30,
                        validators=[MinValueValidator(1), MaxValueValidator(365)],
                        verbose_name="days that the names of browsers are kept",
                    ),
                ),
                (
                    "mails",
                    models.PositiveSmallIntegerField(
                        default=90,
                        validators=[MinValueValidator(30), MaxValueValidator(730)],
                        verbose_name="days that sent mails stay in the list of mails",
                    ),
                ),
                (
                    "proofs",
                    models.PositiveSmallIntegerField(
                        default=30,
                        validators=[MinValueValidator(1), MaxValueValidator(365)],
                        verbose_name="days that links to confirm an address are kept",
                    ),
                ),
                (
                    "draft_hours",
                    models.PositiveSmallIntegerField(
                        default=24,
                        validators=[MinValueValidator(1), MaxValueValidator(24)],
                        verbose_name="hours that drafts are kept while somebody signs in",
                    ),
                ),
                (
                    "sessions",
                    models.PositiveSmallIntegerField(
                        default=1, validators=[MaxValueValidator(30)], verbose_name="days that ended sessions are kept"
                    ),
                ),
                (
                    "tasks",
                    models.PositiveSmallIntegerField(
                        default=7,
                        validators=[MinValueValidator(1), MaxValueValidator(90)],
                        verbose_name="days that finished tasks are kept",
                    ),
                ),
                (
                    "files",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[MaxValueValidator(365)],
                        verbose_name="days that files are kept which belong to nothing",
                    ),
                ),
                (
                    "log_people",
                    models.PositiveSmallIntegerField(
                        default=730,
                        validators=[MaxValueValidator(3650)],
                        verbose_name="days that the audit log says names and addresses",
                    ),
                ),
            ],
            options={
                "verbose_name": "retention",
                "verbose_name_plural": "retention",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="retention_is_one_row"),
                    models.CheckConstraint(
                        condition=models.Q(("addresses__gte", models.F("addresses_whole"))), name="retention_cuts_first"
                    ),
                ],
            },
        ),
    ]
