"""Asks the DNS for text records: the name server of the machine, or the one that MAIL_DNS names."""

import dns.exception
import dns.resolver
from django.conf import settings

from tickets.channels.email.own_domain import Texts, Unanswered

SECONDS = 3.0  # for one question; a page waits for three of them a domain


def texts() -> Texts:
    """Give a look-up of all text records of a name."""
    told = settings.MAIL_DNS
    resolver = dns.resolver.Resolver(configure=not told)
    if told:
        host, _colon, port = told.rpartition(":")
        resolver.nameservers, resolver.port = [host], int(port)
    resolver.lifetime = SECONDS

    def look_up(name: str) -> list[bytes]:
        try:
            answer = resolver.resolve(name, "TXT")
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise Unanswered(name) from error
        return [b"".join(row.strings) for row in answer]

    return look_up
