"""What staff see of invitations calls emails emails. Only words: nothing in the database changes."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_retention_of_the_rest"),
    ]

    operations = [
        migrations.AlterField(
            model_name="invitation",
            name="number",
            field=models.PositiveIntegerField(default=1, verbose_name="emails sent"),
        ),
        migrations.AlterField(
            model_name="invitation",
            name="sent_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="last email"),
        ),
    ]
