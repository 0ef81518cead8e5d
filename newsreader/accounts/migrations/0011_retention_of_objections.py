from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


def days(name):
    validators = [MinValueValidator(1), MaxValueValidator(3650)]
    return models.PositiveSmallIntegerField(db_default=200, default=200, validators=validators, verbose_name=name)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_emails_in_words")]

    operations = [
        migrations.AddField("retention", "reports", days("days that settled reports say who made them")),
        migrations.AddField("retention", "appeals", days("days that the words of settled appeals are kept")),
    ]
