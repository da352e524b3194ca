"""A mail server for tests: takes letters on a port of its own, says what it was told, and may refuse."""

from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


@dataclass(frozen=True)
class Taken:
    """One letter as it came, and the envelope around it."""

    sender: str
    recipient: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The letter taken apart."""
        return message_from_bytes(self.raw, policy=policy.default)

    def field(self, name: str) -> str:
        """Give a field, unfolded; nothing where there is none."""
        return " ".join(str(self.message[name] or "").split())

    def body(self, kind: str = "plain") -> str:
        """Give the text, or the page."""
        part = self.message.get_body((kind,))
        assert part
        return str(part.get_content())


@dataclass
class Sink:
    """Keeps what comes; `answer` may say something else than yes."""

    letters: list[Taken] = field(default_factory=list)
    connections: int = 0
    answer: Callable[["Sink", Taken], str] = lambda _sink, _taken: "250 taken"

    async def handle_EHLO(  # noqa: N802 (named by aiosmtpd)
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count who comes."""
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a letter."""
        taken = Taken(envelope.mail_from, envelope.rcpt_tos[0], envelope.original_content)
        said = self.answer(self, taken)
        if said.startswith("250"):
            self.letters.append(taken)
        return said


class Port(Controller):
    """Listens on a port that the system gives."""

    def __init__(self, sink: Sink) -> None:
        super().__init__(sink, hostname="127.0.0.1", port=0)

    def _trigger_server(self) -> None:
        """Learn the port, which is known only once it listens."""
        self.port = int(self.server.sockets[0].getsockname()[1])
        super()._trigger_server()
