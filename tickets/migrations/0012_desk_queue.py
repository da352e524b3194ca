"""The queue of the desk: its indexes, and the words of tickets for its search."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# tickets_words: text as stems; ё is е, and nothing is taken for a tag, after which words would be lost.
# tickets_shelves: where a ticket stands, in four widths of shelf, and whose it is; words of a text
# never begin with a tilde. tickets_index: write the words of tickets anew from all rows.
FUNCTIONS = """
create function tickets_words(said text) returns tsvector
language sql immutable parallel safe as $$
  select strip(to_tsvector('russian', translate(said, 'ёЁ<>', 'еЕ  ')))
$$;
create function tickets_shelves(ticket bigint, organization bigint) returns tsvector
language sql immutable parallel safe as $$
  select array_to_tsvector(array[
    '~10:' || (ticket >> 10), '~13:' || (ticket >> 13), '~16:' || (ticket >> 16),
    '~19:' || (ticket >> 19), '~o:' || organization])
$$;
create function tickets_index(ids bigint[]) returns void language sql as $$
  insert into tickets_searchdocument (ticket_id, vector)
  select t.id, tickets_shelves(t.id, t.organization_id)
    || tickets_words(concat_ws(' ', t.number, t.subject, r.full_name, o.name, p.name))
    || tickets_words(left(m.said, 300000))
  from tickets_ticket t
  join accounts_user r on r.id = t.requester_id
  join accounts_organization o on o.id = t.organization_id
  left join accounts_property p on p.id = t.property_id
  cross join lateral (
    select coalesce(string_agg(left(text, 50000), ' ' order by id), '') as said
    from tickets_message where ticket_id = t.id) m
  where t.id = any(ids)
  on conflict (ticket_id) do update set vector = excluded.vector
$$;
"""
# New messages add their words, all of a statement at once. A conversation of 20,000 different words
# takes no more: a tsvector holds 1 MB, and beyond that a message would be refused.
TRIGGERS = """
create function tickets_index_added() returns trigger language plpgsql as $$
declare unknown bigint[];
begin
  update tickets_searchdocument d set vector = d.vector || a.vector
  from (
    select ticket_id, tickets_words(left(string_agg(left(text, 50000), ' '), 150000)) as vector
    from added group by ticket_id) a
  where d.ticket_id = a.ticket_id and length(d.vector) < 20000;
  select array_agg(distinct ticket_id) into unknown from added a
  where not exists (select from tickets_searchdocument d where d.ticket_id = a.ticket_id);
  if unknown is not null then perform tickets_index(unknown); end if;
  return null;
end $$;
create trigger words_are_added after insert on tickets_message
  referencing new table as added for each statement execute function tickets_index_added();
create function tickets_index_moved() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then perform tickets_index(array[old.ticket_id]);
  else perform tickets_index(array[old.ticket_id, new.ticket_id]); end if;
  return null;
end $$;
create trigger words_follow_messages after update of ticket_id, text on tickets_message
  for each row when (old.ticket_id <> new.ticket_id or old.text <> new.text)
  execute function tickets_index_moved();
create trigger words_go_with_messages after delete on tickets_message
  for each row execute function tickets_index_moved();
create function tickets_index_changed() returns trigger language plpgsql as $$
begin
  perform tickets_index(array[new.id]);
  return null;
end $$;
create trigger words_follow_tickets
  after update of subject, requester_id, organization_id, property_id on tickets_ticket
  for each row when (
    (old.subject, old.requester_id, old.organization_id, old.property_id)
    is distinct from (new.subject, new.requester_id, new.organization_id, new.property_id))
  execute function tickets_index_changed();
"""
# The newest tickets that hold all words, shelf by shelf until enough are found. Shelves get wider: a
# word that is everywhere fills a page from the first one, a rare one is on so few places that the
# widest shelf costs nothing either. So the work is bounded whatever the number of tickets.
MATCHES = """
create function tickets_newest_matches(asked tsquery, below bigint, wanted int)
returns setof bigint language plpgsql stable
set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare width int; shelf bigint; step int := 0; found_now int;
begin
  while below > 0 and wanted > 0 loop
    width := case when step < 2 then 10 when step < 6 then 13 when step < 10 then 16 else 19 end;
    shelf := (below - 1) >> width;
    return query
      select d.ticket_id from tickets_searchdocument d
      where d.vector @@ (asked && format('''~%s:%s''', width, shelf)::tsquery)
        and d.ticket_id < below
      order by d.ticket_id desc limit wanted;
    get diagnostics found_now = row_count;
    wanted := wanted - found_now;
    below := shelf << width;
    step := step + 1;
  end loop;
end $$;
"""
FILL = "select tickets_index(array(select id from tickets_ticket))"
UNDO = """
drop trigger words_follow_tickets on tickets_ticket;
drop trigger words_are_added on tickets_message;
drop trigger words_follow_messages on tickets_message;
drop trigger words_go_with_messages on tickets_message;
drop function tickets_index_changed(), tickets_index_moved(), tickets_index_added(),
  tickets_newest_matches(tsquery, bigint, int), tickets_index(bigint[]),
  tickets_shelves(bigint, bigint), tickets_words(text);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_account_manager_is_staff'),
        ('tickets', '0011_rota_for_the_head'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SearchDocument',
            fields=[
                ('ticket', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='search_document', serialize=False, to='tickets.ticket')),
                ('vector', django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                'verbose_name': 'indexed ticket',
                'verbose_name_plural': 'indexed tickets',
            },
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('status__in', ['new', 'open', 'waiting_customer', 'waiting_identification', 'in_development'])), fields=['due_at', 'id'], name='ticket_due'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('status__in', ['new', 'open', 'waiting_customer', 'waiting_identification', 'in_development'])), fields=['organization', 'due_at', 'id'], name='ticket_open_of_org'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('status__in', ['new', 'open', 'waiting_customer', 'waiting_identification', 'in_development'])), fields=['channel', 'due_at', 'id'], name='ticket_open_of_channel'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.Case(models.When(priority__isnull=True, then=models.Value(0)), models.When(priority='critical', then=models.Value(1)), models.When(priority='high', then=models.Value(2)), models.When(priority='medium', then=models.Value(3)), default=models.Value(4), output_field=models.SmallIntegerField()), models.F('due_at'), models.F('id'), condition=models.Q(('status__in', ['new', 'open', 'waiting_customer', 'waiting_identification', 'in_development'])), name='ticket_by_urgency'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(fields=['-last_message_at', '-id'], name='ticket_by_message'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('status__in', ['resolved', 'closed'])), fields=['-last_message_at', '-id'], name='ticket_done_by_message'),
        ),
        migrations.AddIndex(
            model_name='searchdocument',
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['vector'], name='ticket_words'),
        ),
        # Last of all: rows that wait for their foreign keys to be checked let no table be altered.
        migrations.RunSQL(FUNCTIONS + TRIGGERS + MATCHES, UNDO),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
