"""The rules of retention call emails emails. Only words: nothing in the database changes."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_retention_of_objections"),
    ]

    operations = [
        migrations.AlterField(
            model_name="retention",
            name="mails",
            field=models.PositiveSmallIntegerField(
                default=90,
                validators=[
                    django.core.validators.MinValueValidator(30),
                    django.core.validators.MaxValueValidator(730),
                ],
                verbose_name="days that sent emails stay in the list of emails",
            ),
        ),
        migrations.AlterField(
            model_name="retention",
            name="notices",
            field=models.PositiveSmallIntegerField(
                db_default=90,
                default=90,
                validators=[
                    django.core.validators.MinValueValidator(61),
                    django.core.validators.MaxValueValidator(730),
                ],
                verbose_name="days that the list of what readers were told by email is kept",
            ),
        ),
    ]
