"""Colleagues who have written take part; the policy renews what pages are kept by; the head reads ratings."""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

WROTE = """
insert into tickets_participant (ticket_id, person_id, since)
select m.ticket_id, m.author_id, min(m.created_at)
from tickets_message m join tickets_ticket t on t.id = m.ticket_id
where not m.is_from_staff and m.author_id <> t.requester_id
group by m.ticket_id, m.author_id
on conflict do nothing
"""
TRIGGER = """
create trigger policy_renews_the_brand after update on tickets_policy
  for each statement execute function support_touch_brand();
"""
ALLOWED = {
    "head": ["view_policy", "change_policy", "view_rating"],
    "administrator": ["view_policy", "change_policy"],
}


def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let the head of support and administrators set the figures, and the head read ratings."""
    # Django makes permissions after all migrations; these rows are needed now.
    config: Any = apps.get_app_config("tickets")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="tickets"
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=ALLOWED):
        group.permissions.add(*permissions.filter(codename__in=ALLOWED[group.name]))


class Migration(migrations.Migration):
    dependencies = [("tickets", "0010_participants"), ("accounts", "0002_roles")]

    operations = [
        migrations.RunSQL(WROTE, migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGER, "drop trigger policy_renews_the_brand on tickets_policy;"),
        migrations.RunPython(allow, migrations.RunPython.noop),
    ]
