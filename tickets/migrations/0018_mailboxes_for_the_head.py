"""The head of support looks after mailboxes; a change of their addresses renews what is kept of them."""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GRANTED = (
    "view_mailbox", "add_mailbox", "change_mailbox", "delete_mailbox", "view_incomingletter",
    "view_deadaddress", "delete_deadaddress",
)  # fmt: skip
# Not with every look into a mailbox: that changes other columns, twice a minute.
TRIGGER = """
create trigger mailboxes_renew_the_brand after insert or delete or update of address, is_active
  on tickets_mailbox for each statement execute function support_touch_brand();
"""


def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let heads of support, and nobody else, see and change mailboxes."""
    config: Any = apps.get_app_config("tickets")
    config.models_module = True  # Django makes permissions after all migrations; these are needed now
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="tickets", codename__in=GRANTED
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="head"):
        group.permissions.add(*permissions)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_account_manager_is_staff"),
        ("support", "0003_version"),
        ("tickets", "0017_fetching_mail"),
    ]

    operations = [
        migrations.RunPython(grant, migrations.RunPython.noop),
        migrations.RunSQL(TRIGGER, "drop trigger mailboxes_renew_the_brand on tickets_mailbox;"),
    ]
