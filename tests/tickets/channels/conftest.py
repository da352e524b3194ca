"""What tests of mail share: a mailbox with its name server, and a mail server that takes what we send."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.tickets.channels.sink import Port, Sink
from tests.tickets.channels.test_intake import mailbox, names

__all__ = ["mailbox", "names"]


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    """A mail server to which letters really go."""
    taken = Sink()
    port = Port(taken)
    port.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield taken
    port.stop()
