"""The head of support and administrators write the macros of the desk."""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

WRITERS = ("head", "administrator")


def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let them."""
    config: Any = apps.get_app_config("tickets")
    config.models_module = True  # Django makes permissions after all migrations; these are needed now
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="tickets", content_type__model="macro"
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=WRITERS):
        group.permissions.add(*permissions)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_account_manager_is_staff"),
        ("tickets", "0012_desk_queue"),
    ]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
