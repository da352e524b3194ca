"""Targets stand on public pages: a change of them renews the version by which pages are kept."""

from django.db import migrations

TRIGGER = """
create trigger targets_renew_the_brand after insert or update or delete on tickets_target
  for each statement execute function support_touch_brand();
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0003_tabs_of_the_cabinet"), ("support", "0003_version")]

    operations = [
        migrations.RunSQL(TRIGGER, "drop trigger targets_renew_the_brand on tickets_target;")
    ]
