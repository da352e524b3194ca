"""What was done to a letter is only ever added to."""

from django.db import migrations

KEEP = """
create trigger events_of_letters_are_only_added before update or delete on tickets_letterevent
  for each row execute function tickets_append_only();
"""
UNDO = "drop trigger events_of_letters_are_only_added on tickets_letterevent;"


class Migration(migrations.Migration):
    dependencies = [("tickets", "0019_unidentified")]

    operations = [migrations.RunSQL(KEEP, UNDO)]
