from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_invitations"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="portraits_on",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="portraits_sent",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
    ]
