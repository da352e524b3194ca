"""A name server of the tests' own: it knows the invented domains, and nothing else."""

import socket
import threading
from collections.abc import Mapping

import dns.message
import dns.rcode
import dns.rrset


class Names(threading.Thread):
    """Answers questions for TXT records on a port of its own until it is closed."""

    def __init__(self, records: Mapping[str, bytes]) -> None:
        super().__init__(daemon=True)
        self.records = dict(records)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"

    def run(self) -> None:
        """Answer until the socket is closed."""
        while True:
            try:
                asked, sender = self.socket.recvfrom(4096)
            except OSError:
                return
            self.socket.sendto(self._answer(asked), sender)

    def _answer(self, asked: bytes) -> bytes:
        question = dns.message.from_wire(asked)
        answer = dns.message.make_response(question)
        name = question.question[0].name.to_text().rstrip(".")
        if (told := self.records.get(name)) is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            pieces = [told[at : at + 250].decode() for at in range(0, len(told), 250)]
            text = " ".join(f'"{piece}"' for piece in pieces)
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", text))
        return answer.to_wire(max_size=4096)

    def close(self) -> None:
        """Answer nothing more."""
        self.socket.close()
