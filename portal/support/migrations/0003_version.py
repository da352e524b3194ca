"""A version that triggers renew whenever a row of this app changes."""

import uuid

from django.db import migrations, models

TRIGGERS = """
create function support_renew_brand() returns trigger language plpgsql as $$
begin
  new.version = gen_random_uuid();
  return new;
end $$;
create trigger brand_is_renewed before update on support_brand
  for each row execute function support_renew_brand();
create function support_touch_brand() returns trigger language plpgsql as $$
begin
  update support_brand set id = id;
  return null;
end $$;
create trigger hours_renew_the_brand after insert or update or delete on support_hours
  for each statement execute function support_touch_brand();
create trigger exceptions_renew_the_brand after insert or update or delete on support_hoursexception
  for each statement execute function support_touch_brand();
create trigger channels_renew_the_brand after insert or update or delete on support_channel
  for each statement execute function support_touch_brand();
"""
UNDO = """
drop trigger channels_renew_the_brand on support_channel;
drop trigger exceptions_renew_the_brand on support_hoursexception;
drop trigger hours_renew_the_brand on support_hours;
drop function support_touch_brand();
drop trigger brand_is_renewed on support_brand;
drop function support_renew_brand();
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0002_first_installation")]

    operations = [
        migrations.AddField("brand", "version", models.UUIDField(default=uuid.uuid4, editable=False)),
        migrations.RunSQL(TRIGGERS, UNDO),
    ]
