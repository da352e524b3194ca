"""`python -m tests.fire.letters LETTERS PORT`: the database and the letters of a mailbox under fire.

Migrates and fills the database that DATABASE_URL names, with a mailbox at a port of this machine; its
last line is JSON: the letters, as base64, and the records that publish the key they are signed with.
"""

import base64
import json
import os
import random
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.core.management import call_command
from django.utils import timezone

from portal.delivery import secrets
from tests.bench import mail
from tests.tickets.channels.dovecot import PASSWORD, USER
from tickets.models import Mailbox, Security


def main(letters: int, port: int) -> None:
    """Prepare, and print the letters."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    mail.people()
    Mailbox.objects.create(
        address=mail.SUPPORT,
        host="127.0.0.1",
        port=port,
        security=Security.NONE,
        user=USER,
        secret=secrets.seal({"password": PASSWORD}),
    )
    luck = random.Random(9)
    made = [mail.letter(luck, number, timezone.now()) for number in range(letters)]
    told = {
        "letters": [base64.b64encode(one).decode() for one in made],
        "records": {name: value.decode() for name, value in mail.RECORDS.items()},
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
