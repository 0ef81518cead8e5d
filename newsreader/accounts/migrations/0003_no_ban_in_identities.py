"""Bans are rows of their own, which the room of comments keeps; it has taken over those that stood here."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_pictures"), ("comments", "0020_bans_of_accounts")]
    operations = [migrations.RemoveField(model_name="commenteridentity", name="banned_at")]
