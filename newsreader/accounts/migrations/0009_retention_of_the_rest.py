from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


def days(default, least, most, name):
    validators = [MinValueValidator(least), MaxValueValidator(most)]
    return models.PositiveSmallIntegerField(
        db_default=default, default=default, validators=validators, verbose_name=name
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_addresses_in_lower_case")]

    operations = [
        migrations.AddField(
            "retention", "notices", days(90, 61, 730, "days that is kept what readers were told by mail")
        ),
        migrations.AddField(
            "retention", "invitations", days(90, 1, 730, "days that invitations are kept which nobody can accept")
        ),
        migrations.AddField(
            "retention", "pictures", days(7, 1, 90, "days that somebody is told that their picture could not be used")
        ),
        migrations.AddField(
            "retention", "uploads", days(3, 1, 90, "days that files are kept which were uploaded to be imported")
        ),
    ]
