"""What a person newly wrote in a letter, apart from quotes and signatures; *pure*, nothing is dropped.

Formats of the clients in Russian and English, and of the same clients in a dozen other languages:
Gmail, Outlook, Apple Mail, Thunderbird, Yandex, Mail.ru, The Bat!. Every step is linear in the
length of the text: only lines of at most 300 characters are looked at closely.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

LONGEST_LINE = 300  # characters; a longer one is prose and never the head of a quote
LONGEST_HEAD = 5  # lines that an attribution may be broken over
FIELDS_WITHIN = 7  # lines in which the fields of a quoted letter follow each other

# Our own letters carry "##- … -##" above which people answer, quoted in whatever way.
MARKER = re.compile(r"^[\s>|*_]*##\s?[-–—]")


class Kind(Enum):
    """What a part of a letter is."""

    NEW = "new"
    QUOTE = "quote"
    SIGNATURE = "signature"


@dataclass(frozen=True)
class Fragment:
    """Some lines in a row that are one thing."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Reply:
    """A letter cut into fragments; joined again they are the letter."""

    fragments: tuple[Fragment, ...]

    @property
    def visible(self) -> str:
        """What the person newly wrote; the whole letter where nothing else would be left."""
        new = "\n".join(one.text for one in self.fragments if one.kind is Kind.NEW).strip()
        return new or "\n".join(one.text for one in self.fragments).strip()

    @property
    def has_hidden(self) -> bool:
        """Whether something is collapsed."""
        new = any(one.kind is Kind.NEW and one.text.strip() for one in self.fragments)
        return new and any(one.kind is not Kind.NEW for one in self.fragments)


_VERBS = (
    r"wrote|writes|написал(?:\(а\)|а|и)?|пис(?:ал|ала|али|ал\(а\))|пишет|пише|"
    r"schrieb|geschrieben|schreef|escribi[óo]|escreveu|a écrit|ecrit|écrit|ha scritto|scritto|"
    r"napisał(?:\(a\)|a)?|napisała|skrev|skrifaði|kirjoitti|yazdı|napsal(?:\(a\))?|napísal(?:\(a\))?|"
    r"írta|a scris|написа|写道|のメッセージ|님이 작성"
)
VERB = re.compile(rf"(?:^|[\s\W])(?:{_VERBS})(?=\W|$)", re.IGNORECASE)
ENDS_WITH_VERB = re.compile(rf"[>)\s](?:{_VERBS})$", re.IGNORECASE)
ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+|<\s*mailto:|\[mailto:", re.IGNORECASE)
DATE = re.compile(
    r"\b\d{1,2}[:.]\d{2}\b|\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|"
    r"\b(?:19|20)\d{2}\b",
)
# How an attribution may begin: a preposition of date, a weekday, a figure, a name in quotes.
STARTS = re.compile(
    r"^\W{0,3}(?:On|Am|Le|El|Il|Em|Op|Den|Dne|Dňa|W dniu|Dnia|Pe|På|Þann|Na|В|От|"
    r"(?:пн|вт|ср|чт|пт|сб|вс|понедельник|вторник|среда|среду|четверг|пятница|пятницу|суббота|"
    r"субботу|воскресенье|(?:mon|tues?|wed|wednes|thu|thurs|fri|sat|satur|sun)(?:day)?|ma|ti|ke|to|pe|la|su)\b|\d)",
    re.IGNORECASE,
)
QUOTED = re.compile(r"^>(?!\s*:$)")  # ">:" is the end of a broken address
RUSSIAN_FROM = re.compile(r"\bот\b.*:$", re.IGNORECASE)  # Mail.ru names no verb
YOU_WROTE = re.compile(r"^\W{0,3}(?:вы писали|you wrote)\b.{0,120}:$", re.IGNORECASE)

_FROM = "from|message du|от|от кого|von|de|da|od|van|från|fra|feladó|lähettäjä|kimden|отправитель|von|från|avsändare"
_OTHER = (
    "sent|date|to|cc|copie à|sujet|subject|reply-to|отправлено|дата|кому|копия|тема|gesendet|datum|an|betreff|envoyé|"
    "date|à|objet|enviado|enviada em|data|para|asunto|assunto|inviato|a|oggetto|wysłano|do|temat|verzonden|"
    "aan|onderwerp|skickat|till|ämne|sendt|til|emne|lähetetty|vastaanottaja|aihe|tarih|kime|konu|"
    "odesláno|komu|předmět|importance|важность"
)
FROM_FIELD = re.compile(rf"^[\s>*_]*(?:{_FROM})\s*[*_]*\s*:[*_]*", re.IGNORECASE)
OTHER_FIELD = re.compile(rf"^[\s>*_]*(?:{_OTHER})\s*[*_]*\s*:[*_]*", re.IGNORECASE)
SEPARATOR = re.compile(
    r"^[\s>]*(?:[-_=*—–]{2,}|\*{1,2})\s*(?:original(?: message|e? nachricht|bericht)?|original appointment|"
    r"reply message|исходное сообщение|исходное письмо|сообщение|ursprüngliche nachricht|"
    r"original-nachricht|message d.origine|message original|messaggio originale|mensaje original|"
    r"mensagem original|oprindelig (?:meddelelse|besked)|opprinnelig melding|ursprungligt meddelande|"
    r"alkuperäinen viesti|oorspronkelijk bericht|wiadomość oryginalna|původní zpráva|orijinal mesaj)"
    r"\s*(?:[-_=*—–]{2,}|\*{1,2})?\s*$",
    re.IGNORECASE,
)
FORWARDED = re.compile(
    r"^[\s>]*(?:[-_=*—–]{2,}\s*)?(?:forwarded message|пересылаемое сообщение|пересланное сообщение|"
    r"перенаправленное сообщение|begin forwarded message|начало переадресованного сообщения|"
    r"завершение пересылаемого сообщения|конец пересылаемого сообщения)\s*:?\s*(?:[-_=*—–]{2,})?\s*$",
    re.IGNORECASE,
)
RULE = re.compile(r"^\s*_{10,}\s*$")
DASHES = re.compile(r"^\s*(?:_{10,}|-{10,})\s*$")
SIGNATURE = re.compile(r"^\s{0,2}(?:--|__)\s{0,2}$")
DEVICE = re.compile(
    r"^[\s*_]*(?:sent from my|sent from (?:(?-i:[A-Z]))\w+|"
    r"sent with|sent via|get outlook for|get bluemail|отправлено с (?:мо(?:его|ей)|iphone|ipad|android|устройства|телефона|мобильного)|"
    r"отправлено из|отправлено с помощью|(?:скачать|получите|загрузить) outlook|послано с|"
    r"envoyé de mon|von meinem|gesendet (?:von|mit)|enviado desde|enviado do meu|inviato da|"
    r"verzonden vanaf|wysłane z|sendt fra|skickat från|lähetetty (?:iphone|omasta))\b.{0,120}$",
    re.IGNORECASE,
)


def split(text: str) -> Reply:
    """Cut a letter into what is new, what is quoted and what is a signature."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kinds = list(_kinds(lines))
    marked = next((place for place, line in enumerate(lines) if MARKER.match(line[:80])), None)
    if marked is not None:
        kinds = [*_above(lines[:marked], kinds[:marked]), *_below(lines[marked:])]
    return Reply(tuple(_joined(lines, kinds)))


def _above(lines: Sequence[str], kinds: list[Kind]) -> list[Kind]:
    """Take what a client put above our line for the head of the quote, where no rule knew it."""
    place, left = len(lines), FIELDS_WITHIN
    while place > 0 and (kinds[place - 1] is not Kind.NEW or (left and _is_head(lines[place - 1]))):
        place -= 1
        if kinds[place] is Kind.NEW:
            kinds[place], left = Kind.QUOTE, left - 1
    return kinds


def _is_head(line: str) -> bool:
    """Whether a line above ours is no prose: blank, a rule, a field, or who wrote when."""
    if not line.strip(" \t>|*_"):
        return True
    if not _is_short(line):
        return False
    return bool(
        QUOTED.match(line)
        or SEPARATOR.match(line)
        or FORWARDED.match(line)
        or DASHES.match(line)
        or FROM_FIELD.match(line)
        or OTHER_FIELD.match(line)
        or (line.rstrip().endswith((":", "：")) and (DATE.search(line) or ADDRESS.search(line)))
        or ENDS_WITH_VERB.search(line)
    )


def _below(lines: Sequence[str]) -> Iterator[Kind]:
    """Say what each line from ours on is: a quote to the end, unless its lines are marked."""
    if not lines:
        return
    is_marked = lines[0].lstrip().startswith(">")
    length = 0 if is_marked else _quoted_from(lines, 0, 1)
    yield from [Kind.QUOTE] * length
    yield from _kinds(lines[length:])


def _joined(lines: Sequence[str], kinds: Sequence[Kind]) -> Iterator[Fragment]:
    start = 0
    for place in range(1, len(lines) + 1):
        if place == len(lines) or kinds[place] is not kinds[start]:
            yield Fragment(kinds[start], "\n".join(lines[start:place]))
            start = place


def _kinds(lines: Sequence[str]) -> Iterator[Kind]:
    """Say of each line what it is; blank lines go with what stands above them."""
    place, last = 0, Kind.NEW
    while place < len(lines):
        head = _head(lines, place)
        if head:
            length = _quoted_from(lines, place, head)
            yield from [Kind.QUOTE] * length
            place, last = place + length, Kind.QUOTE
            continue
        last = _kind(lines[place], last)
        yield last
        place += 1


def _kind(line: str, last: Kind) -> Kind:
    stripped = line.strip()
    if line.lstrip().startswith(">"):
        return Kind.QUOTE
    if not stripped:
        return last
    if SIGNATURE.match(line) or RULE.match(line) or (_is_short(line) and DEVICE.match(line)):
        return Kind.SIGNATURE
    # A signature reaches to the end, or to what is quoted below it.
    return Kind.SIGNATURE if last is Kind.SIGNATURE else Kind.NEW


def _quoted_from(lines: Sequence[str], place: int, head: int) -> int:
    """Count the lines of a quote with its head: the marked ones, or all to the end."""
    return head if _is_marked(lines, place + head) else len(lines) - place


def _head(lines: Sequence[str], place: int) -> int:
    """Count the lines of the head of a quote that begins here; none begins: 0."""
    line = lines[place]
    if not line.strip() or not _is_short(line):
        return 0
    if SEPARATOR.match(line) or FORWARDED.match(line):
        return 1
    if DASHES.match(line) and _is_letterhead(lines, _next(lines, place + 1), is_ruled=True):
        return 1
    if _is_letterhead(lines, place):
        return 1
    return _attribution(lines, place)


def _next(lines: Sequence[str], place: int) -> int:
    while place < len(lines) and not lines[place].strip():
        place += 1
    return place


def _is_letterhead(lines: Sequence[str], place: int, *, is_ruled: bool = False) -> bool:
    """Whether the fields of a quoted letter stand here, as Outlook writes them.

    Below a rule they may begin with any field, as those of Yandex do.
    """
    if place >= len(lines) or not _is_short(lines[place]):
        return False
    if is_ruled and OTHER_FIELD.match(lines[place]):
        return any(OTHER_FIELD.match(line[:LONGEST_LINE]) for line in lines[place + 1 : place + 2])
    if not FROM_FIELD.match(lines[place]):
        return False
    following = lines[place + 1 : place + 1 + FIELDS_WITHIN]
    fields = sum(bool(_is_short(line) and OTHER_FIELD.match(line)) for line in following)
    return fields >= 2  # noqa: PLR2004 (a date and a subject or an addressee)


def _attribution(lines: Sequence[str], place: int) -> int:
    """Count the lines of "on this day that person wrote:", which clients break where they like."""
    first = lines[place]
    if first.lstrip().startswith(">") or not (
        STARTS.match(first) or ADDRESS.search(first) or VERB.search(first)
    ):
        return 0
    joined = ""
    for count in range(1, LONGEST_HEAD + 1):
        line = lines[place + count - 1] if place + count <= len(lines) else ""
        if not line.strip() or not _is_short(line) or (count > 1 and QUOTED.match(line)):
            return 0
        joined = f"{joined} {line.strip()}".strip()
        if len(joined) > LONGEST_LINE:
            return 0
        if (joined.endswith((":", "：")) or ENDS_WITH_VERB.search(joined)) and _attributes(
            joined, is_marked=_is_marked(lines, place + count)
        ):
            return count
    return 0


def _is_marked(lines: Sequence[str], place: int) -> bool:
    """Whether the next words are marked as a quote."""
    place = _next(lines, place)
    return place < len(lines) and lines[place].lstrip().startswith(">")


def _attributes(text: str, *, is_marked: bool) -> bool:
    if YOU_WROTE.match(text):
        return True
    has_date, has_address = bool(DATE.search(text)), bool(ADDRESS.search(text))
    if VERB.search(text):
        return has_date and (has_address or is_marked or bool(STARTS.match(text)))
    return has_date and has_address and bool(STARTS.match(text) or RUSSIAN_FROM.search(text))


def _is_short(line: str) -> bool:
    return len(line) <= LONGEST_LINE
