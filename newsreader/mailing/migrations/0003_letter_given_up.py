from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mailing", "0002_budget_and_suppression")]

    operations = [
        migrations.AddIndex(
            model_name="letter",
            index=models.Index(
                condition=models.Q(given_up_at__isnull=False), fields=["given_up_at"], name="letter_given_up"
            ),
        )
    ]
