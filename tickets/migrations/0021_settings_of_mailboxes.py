"""Every setting of a mailbox that decides whom to believe renews what processes keep of it."""

from django.db import migrations

NARROW = """
drop trigger mailboxes_renew_the_brand on tickets_mailbox;
create trigger mailboxes_renew_the_brand after insert or delete or update of address, is_active
  on tickets_mailbox for each statement execute function support_touch_brand();
"""
WIDE = """
drop trigger mailboxes_renew_the_brand on tickets_mailbox;
create trigger mailboxes_renew_the_brand after insert or delete or update of
    address, is_active, verdict_servers, verdict_place, verdict_received_by, unpublished_domains
  on tickets_mailbox for each statement execute function support_touch_brand();
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0020_events_of_letters")]

    operations = [migrations.RunSQL(WIDE, NARROW)]
