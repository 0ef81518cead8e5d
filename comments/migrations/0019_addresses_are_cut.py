from django.db import migrations, models
from django.db.models import Q

from newsreader.kit.migration_operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("comments", "0018_mail_alarm"),
    ]

    operations = [
        migrations.AddField(
            model_name="connectiondata",
            name="address_is_cut",
            field=models.BooleanField(db_default=False, default=False),
        ),
        AddIndexConcurrently(
            model_name="connectiondata",
            index=models.Index(
                fields=["comment"],
                condition=Q(
                    Q(("address__isnull", False), ("address_is_cut", False)),
                    Q(("user_agent", ""), _negated=True),
                    _connector="OR",
                ),
                name="trace_whole",
            ),
        ),
        AddIndexConcurrently(
            model_name="auditentry",
            index=models.Index(condition=Q(("personal__isnull", False)), fields=["created_at"], name="log_with_people"),
        ),
    ]
