"""Authors: they write and submit, editors review and publish; synonyms and stop words for editors."""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

WRITES = [f"{verb}_{model}" for verb in ("view", "add", "change") for model in ("article", "revision")]
TEACHES = [
    f"{verb}_{model}"
    for verb in ("view", "add", "change", "delete")
    for model in ("synonyms", "stopword")
]


def seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the role of authors, and let editors teach search."""
    config: Any = apps.get_app_config("kb")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permission = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="kb")
    groups = apps.get_model("auth", "Group").objects
    for group in groups.filter(name__in=["editor", "head"]):
        group.permissions.add(*permission.filter(codename__in=TEACHES))
    author = groups.create(name="author")
    author.permissions.add(*permission.filter(codename__in=[*WRITES, "view_section"]))
    apps.get_model("accounts", "Role").objects.create(
        code="author", name_ru="Автор базы знаний", name_en="Knowledge base author",
        side="staff", order=15, group=author,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_account_manager_is_staff"),
        ("kb", "0009_words_of_hotels"),
    ]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
