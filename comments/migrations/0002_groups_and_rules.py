"""The three groups with their permissions, and the rows of which there is one."""

from django.db import migrations

ARTICLES = ["article", "section", "tag", "author", "picture", "byline", "sourceattribution", "redirect"]
GROUPS = {
    "Editors": [
        *[("articles", f"{deed}_{thing}") for thing in ARTICLES for deed in ("add", "change", "delete", "view")],
        ("articles", "publish_article"),
        ("articles", "change_any_article"),
        ("articles", "change_site"),
        ("articles", "view_site"),
        ("comments", "view_comment"),
        ("comments", "change_comment"),
        ("comments", "moderate_comment"),
        ("comments", "moderate_any_comment"),
        ("comments", "view_commentrules"),
        ("comments", "change_commentrules"),
        ("accounts", "view_user"),
        ("accounts", "view_commenteridentity"),
        ("accounts", "change_commenteridentity"),
    ],
    "Moderators": [
        ("articles", "view_article"),
        ("comments", "view_comment"),
        ("comments", "change_comment"),
        ("comments", "moderate_comment"),
        ("comments", "moderate_any_comment"),
        ("comments", "view_commentrules"),
        ("accounts", "view_commenteridentity"),
        ("accounts", "change_commenteridentity"),
    ],
    "Authors": [
        ("articles", "view_article"),
        ("articles", "add_article"),
        ("articles", "change_article"),
        *[
            ("articles", f"{deed}_{thing}")
            for thing in ("byline", "sourceattribution")
            for deed in ("add", "change", "delete", "view")
        ],
        ("articles", "add_picture"),
        ("articles", "view_picture"),
        ("articles", "view_section"),
        ("articles", "view_tag"),
        ("articles", "add_tag"),
        ("articles", "view_author"),
        ("comments", "view_comment"),
        ("comments", "moderate_comment"),
    ],
}


def make(apps, schema_editor):
    using = schema_editor.connection.alias
    group_model = apps.get_model("auth", "Group")
    for name, wanted in GROUPS.items():
        group, _ = group_model.objects.using(using).get_or_create(name=name)
        group.permissions.add(*[_permission(apps, using, *permission) for permission in wanted])
    apps.get_model("articles", "Site").objects.using(using).get_or_create(pk=1)
    apps.get_model("comments", "CommentRules").objects.using(using).get_or_create(pk=1)


def _permission(apps, using, app, codename):
    """Permissions are made after all migrations; these are needed now, under the names they will have."""
    deed, _, thing = codename.partition("_")
    model = thing.removeprefix("any_")
    kind, _ = (
        apps.get_model("contenttypes", "ContentType").objects.using(using).get_or_create(app_label=app, model=model)
    )
    names = {option[0]: str(option[1]) for option in apps.get_model(app, model)._meta.permissions}
    name = names.get(codename, f"Can {deed} {apps.get_model(app, model)._meta.verbose_name_raw}")
    permission, _ = (
        apps.get_model("auth", "Permission")
        .objects.using(using)
        .get_or_create(content_type=kind, codename=codename, defaults={"name": name})
    )
    return permission


def unmake(apps, schema_editor):
    apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias).filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0001_initial"),
        ("articles", "0001_initial"),
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make, unmake)]
