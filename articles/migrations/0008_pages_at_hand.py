from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("articles", "0007_search_by_time")]
    operations = [
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(kind="page", state="published"), fields=["headline"], name="article_pages"
            ),
        )
    ]
