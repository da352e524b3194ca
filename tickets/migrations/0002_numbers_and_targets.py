"""Ticket numbers from a sequence, history that is only added to, targets of the first installation."""

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Minutes of support hours; docs/domain.md, "Speed".
TARGETS = {
    "incident": {"critical": 30, "high": 60, "medium": 90, "low": 120},
    "service_request": {"medium": 180, "low": 180},
    "information_request": {"medium": 180, "low": 180},
    "change_request": {"medium": 180, "low": 180},
}
SEQUENCE = "create sequence tickets_number start 48001"
APPEND_ONLY = """
create function tickets_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are only ever added', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger events_are_only_added before update or delete on tickets_event
  for each row execute function tickets_append_only();
create trigger proofs_are_only_added before update or delete on tickets_proof
  for each row execute function tickets_append_only();
create trigger clock_lines_are_only_added before update or delete on tickets_clockline
  for each row execute function tickets_append_only();
create function tickets_closed_clock() returns trigger language plpgsql as $$
begin
  if old.stopped_at is not null then
    raise exception 'a closed clock never changes' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger closed_clocks_never_change before update on tickets_clock
  for each row execute function tickets_closed_clock();
"""
UNDO = """
drop trigger closed_clocks_never_change on tickets_clock;
drop function tickets_closed_clock();
drop trigger clock_lines_are_only_added on tickets_clockline;
drop trigger proofs_are_only_added on tickets_proof;
drop trigger events_are_only_added on tickets_event;
drop function tickets_append_only();
"""


def seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the targets."""
    target = apps.get_model("tickets", "Target")
    target.objects.bulk_create(
        target(category=category, priority=priority, minutes=minutes, valid_from=date(2026, 1, 1))
        for category, priorities in TARGETS.items()
        for priority, minutes in priorities.items()
    )


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]

    operations = [
        migrations.RunSQL(SEQUENCE, "drop sequence tickets_number"),
        migrations.RunSQL(APPEND_ONLY, UNDO),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
