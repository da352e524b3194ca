"""Closed segments never change, ETA versions are only added to; the one row of the policy."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

KEEP = """
create function tickets_segment() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or old.ends_at is not null
      or (new.clock_id, new.starts_at, new.is_running, new.reason, new.calendar)
         is distinct from (old.clock_id, old.starts_at, old.is_running, old.reason, old.calendar) then
    raise exception 'a segment is only ever closed' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger segments_are_only_closed before update or delete on tickets_segment
  for each row execute function tickets_segment();
create trigger etas_are_only_added before update or delete on tickets_eta
  for each row execute function tickets_append_only();
"""
UNDO = """
drop trigger etas_are_only_added on tickets_eta;
drop trigger segments_are_only_closed on tickets_segment;
drop function tickets_segment();
"""
# What clocks freeze of their tickets, for those that were written before they froze it.
FREEZE = """
alter table tickets_clock disable trigger closed_clocks_never_change;
update tickets_clock c set organization_id = t.organization_id, channel = t.channel
from tickets_ticket t where t.id = c.ticket_id;
alter table tickets_clock enable trigger closed_clocks_never_change;
"""
# Clocks that were written before there were segments get the one that they had.
SEGMENTS = """
insert into tickets_segment (clock_id, starts_at, ends_at, is_running, reason, calendar)
select c.id, c.started_at, c.stopped_at, true,
    case c.kind when 'first' then 'received' else 'customer_wrote' end, coalesce(l.calendar, '')
from tickets_clock c
left join lateral (
    select calendar from tickets_clockline where clock_id = c.id order by id limit 1) l on true
"""
# Tickets that were open before work had a clock.
WORK = """
with work as (
    insert into tickets_clock (ticket_id, kind, started_at, category, priority, organization_id,
        channel, calendar, outcome)
    select id, 'work', received_at, category, priority, organization_id, channel, '', ''
    from tickets_ticket where status not in ('resolved', 'closed')
    returning id, started_at)
insert into tickets_segment (clock_id, starts_at, is_running, reason, calendar)
select id, started_at, true, 'received', '' from work
"""


def seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the figures of the first installation."""
    apps.get_model("tickets", "Policy").objects.create(id=1)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0005_whole_life")]

    operations = [
        migrations.RunSQL(FREEZE, migrations.RunSQL.noop),
        migrations.RunSQL(SEGMENTS, migrations.RunSQL.noop),
        migrations.RunSQL(WORK, migrations.RunSQL.noop),
        migrations.RunSQL(KEEP, UNDO),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
