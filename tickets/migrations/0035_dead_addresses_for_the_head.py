"""Whoever looks after hours and targets sees which addresses are dead, and lets letters go there again."""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GROUPS = ("head", "administrator")
ALLOWED = ("view_deadaddress", "delete_deadaddress")


def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let both groups see and delete dead addresses."""
    # Django makes permissions after all migrations; these rows are needed now.
    config: Any = apps.get_app_config("tickets")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="tickets", codename__in=ALLOWED
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=GROUPS):
        group.permissions.add(*permissions)


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0016_articles_of_tickets"),
        ("accounts", "0002_roles"),
    ]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
