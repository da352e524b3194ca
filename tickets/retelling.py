"""Tells a solved ticket as an article would: the question and the answers, nobody's name in them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Property, User
from portal.personal import Found, hide
from tickets.models import Message, MessageKind, Ticket

MOST_COLLEAGUES = 500
SHORTEST_NAME = 3  # letters; shorter pieces of names are words of their own
LONGEST_SIGNATURE = 600  # characters
GREETING = re.compile(
    r"^[ \t]*(?:(?-i:[A-ZА-ЯЁ])[\w-]{1,30}(?:[ \t]+(?-i:[A-ZА-ЯЁ])[\w-]{1,30}){0,2},[ \t]*)?"
    r"(?:здравствуйте|добрый\s+(?:день|вечер)|доброе\s+утро|"
    r"доброго\s+(?:дня|времени\s+суток|вечера)|приветствую|привет|уважаем(?:ый|ая|ые)|коллеги|"
    r"hello|hi|dear|good\s+(?:morning|afternoon|evening))\b"
    r"(?:,?[ \t]+(?-i:[A-ZА-ЯЁ])[\w.-]*){0,3}[ \t]*[,.!)]*[ \t]*\n?",
    re.IGNORECASE | re.MULTILINE,
)
SIGNATURE = re.compile(
    r"^[ \t]*(?:с\s+уважением|с\s+наилучшими|заранее\s+(?:спасибо|благодар)|best\s+regards|"
    r"kind\s+regards|regards|sincerely|отправлено\s+(?:с|из)\b|sent\s+from|--[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
QUOTED = re.compile(r"[«\"“]([^«»\"“”]{3,100})[»\"”]")


@dataclass(frozen=True)
class Retold:
    """A title, a text to go on with, and what was taken out of both."""

    title: str
    body: str
    hidden: list[Found]


def retell(ticket: Ticket) -> Retold:
    """Give the customer's question and the staff's public answers, with nobody's name in them."""
    public = Message.objects.filter(ticket=ticket, kind=MessageKind.PUBLIC, is_answer=True)
    said = list(public.select_related("author").order_by("id"))
    known = _known(ticket, [message.author for message in said])
    question = next((one.text for one in said if not one.is_from_staff), "")
    answers = [one.text for one in said if one.is_from_staff]
    with override(ticket.language):
        signs = _signs()
        headings = (_("Question"), _("Answer"))
    hidden: list[Found] = []

    def bare(text: str) -> str:
        polite, manners = without_manners(text)
        words, found = hide(polite, known=known, sign=lambda kind: signs[kind])
        hidden.extend([*manners, *found])
        return words.strip()

    told = ((headings[0], bare(question)), (headings[1], "\n\n".join(map(bare, answers))))
    body = "\n\n".join(f"## {heading}\n\n{words}" for heading, words in told if words)
    return Retold(bare(ticket.subject), body, list(dict.fromkeys(hidden)))


def _signs() -> dict[str, str]:
    return {
        "name": _("[name]"),
        "place": _("[hotel]"),
        "email": _("[e-mail]"),
        "address": _("[address]"),
        "phone": _("[phone]"),
        "number": _("[number]"),
        "link": _("[link]"),
        "key": _("[key]"),
    }


def without_manners(text: str) -> tuple[str, list[Found]]:
    """Take out greetings and what stands below a signature."""
    found: list[Found] = []
    text = text.replace("\r\n", "\n")
    below = SIGNATURE.search(text)
    if below and len(text) - below.start() <= LONGEST_SIGNATURE:
        found.append(Found("signature", text[below.start() :].strip()))
        text = text[: below.start()]

    def greeted(match: re.Match[str]) -> str:
        found.append(Found("greeting", match[0].strip()))
        return ""

    return GREETING.sub(greeted, text).strip(), found


def _known(ticket: Ticket, authors: Iterable[User]) -> list[tuple[str, str]]:
    """Name everybody and every hotel that the rows know of: the customer's side, and who answered."""
    people = User.objects.filter(organization=ticket.organization_id)
    colleagues = people.values_list("full_name", flat=True)[:MOST_COLLEAGUES]
    names = [*colleagues, ticket.requester.full_name, *(author.full_name for author in authors)]
    places = [ticket.organization.name]
    hotels = Property.objects.filter(organization=ticket.organization_id)
    for name, site in hotels.values_list("name", "site"):
        places += [name, site.removeprefix("https://").removeprefix("http://").strip("/")]
    # «Гостевой дом «Маяк»» is called «Маяк» by whoever works there.
    places += [called for place in places for called in QUOTED.findall(place)]
    pieces = {piece for name in names for piece in name.split() if len(piece) >= SHORTEST_NAME}
    return [
        *(("place", place) for place in dict.fromkeys(places) if len(place) >= SHORTEST_NAME),
        *(("name", name) for name in dict.fromkeys(names) if " " in name),
        *(("name", piece) for piece in sorted(pieces)),
    ]
