"""The rules of a ticket as tables. *Pure.*

Categories, priorities and which go together; proof needed per category; moves between statuses;
what makes a ticket complete. Source of the figures and words: docs/domain.md.
"""

import re
from collections.abc import Mapping
from enum import IntEnum, StrEnum


class Category(StrEnum):
    """What kind of help is asked for: exactly four."""

    INCIDENT = "incident"
    SERVICE_REQUEST = "service_request"
    INFORMATION_REQUEST = "information_request"
    CHANGE_REQUEST = "change_request"


class Priority(StrEnum):
    """How urgent it is, in the judgement of the staff: exactly four."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Status(StrEnum):
    """Where a ticket stands; customers read words, never these codes."""

    NEW = "new"
    OPEN = "open"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_IDENTIFICATION = "waiting_identification"
    IN_DEVELOPMENT = "in_development"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Effect(StrEnum):
    """How much something is hindered."""

    NONE = "none"
    PARTLY = "partly"
    YES = "yes"
    CRITICAL = "critical"


class Addressee(StrEnum):
    """Whose queue a ticket stands in."""

    SUPPORT = "support"
    MANAGER = "manager"


class Level(IntEnum):
    """How well it is known who asks."""

    UNPROVEN = 0
    ASSERTED = 1
    VERIFIED = 2


REQUESTS = (Category.SERVICE_REQUEST, Category.INFORMATION_REQUEST, Category.CHANGE_REQUEST)
REQUEST_PRIORITIES = (Priority.LOW, Priority.MEDIUM)

# One table; the form, the serializer, the action, the admin and the database are built from it.
PRIORITIES: Mapping[Category, tuple[Priority, ...]] = {
    Category.INCIDENT: tuple(Priority),
    **dict.fromkeys(REQUESTS, REQUEST_PRIORITIES),
}

LEVEL_NEEDED: Mapping[Category, Level] = {
    Category.INCIDENT: Level.ASSERTED,
    Category.INFORMATION_REQUEST: Level.ASSERTED,
    Category.SERVICE_REQUEST: Level.VERIFIED,
    Category.CHANGE_REQUEST: Level.VERIFIED,
}

_RANK = tuple(Priority)
_LOW, _MEDIUM, _HIGH, _CRITICAL = _RANK
# By the effect on operations, then on the business process.
_SUGGESTED: Mapping[Effect, Mapping[Effect, Priority]] = {
    operations: dict(zip(Effect, row, strict=True))
    for operations, row in {
        Effect.NONE: (_LOW, _MEDIUM, _MEDIUM, _HIGH),
        Effect.PARTLY: (_MEDIUM, _HIGH, _HIGH, _HIGH),
        Effect.YES: (_MEDIUM, _HIGH, _HIGH, _HIGH),
        Effect.CRITICAL: (_HIGH, _HIGH, _HIGH, _CRITICAL),
    }.items()
}

OPEN_STATUSES = (
    Status.NEW,
    Status.OPEN,
    Status.WAITING_CUSTOMER,
    Status.WAITING_IDENTIFICATION,
    Status.IN_DEVELOPMENT,
)
# Somebody outside has to do something before we can: the work clock stands still.
PAUSED_STATUSES = (Status.WAITING_CUSTOMER, Status.WAITING_IDENTIFICATION)
DONE_STATUSES = (Status.RESOLVED, Status.CLOSED)

_GOES_ON = frozenset(OPEN_STATUSES) - {Status.NEW}
MOVES: Mapping[Status, frozenset[Status]] = {
    **{one: (_GOES_ON | frozenset(DONE_STATUSES)) - {one} for one in OPEN_STATUSES},
    Status.RESOLVED: frozenset({Status.OPEN, Status.CLOSED}),
    Status.CLOSED: frozenset({Status.OPEN}),
}

# What a good ticket of each category holds beside subject and description, most telling first.
FIELDS: Mapping[Category, tuple[str, ...]] = {
    Category.INCIDENT: ("steps", "interface", "screenshot", "impact", "goal"),
    Category.SERVICE_REQUEST: ("goal", "interface"),
    Category.INFORMATION_REQUEST: ("goal", "interface"),
    Category.CHANGE_REQUEST: ("goal", "interface", "steps"),
}
# What an answer to a solution is made of that only thanks or says that it works now.
THANKS = """
спасибо спасибочки спс пасиб благодарю благодарим благодарен благодарна благодарность мерси
работает заработало заработала заработал помогло получилось
thanks thank thx cheers works helped
"""
POLITE = """
а большое большущее огромное вам вас тебе всем всё все за помощь быстро быстрое быструю быстрый
оперативно оперативность решение ответ поддержку работу отлично отличная супер здорово хорошо
прекрасно замечательно ок окей да теперь сейчас уже очень понял поняла поняли понятно ясно
коллеги ребята добрый день вечер утро здравствуйте хорошего дня и от души
you very much so a lot for the help your all it now great perfect ok okay good is well
everything fine done got and quick reply support team hi hello nice day have
"""
MOST_WORDS_OF_THANKS = 12
WELL_DESCRIBED = 80  # characters of description that usually spare a question back


def is_allowed(category: str, priority: str | None) -> bool:
    """Whether a ticket of this category may have this priority; None means not triaged yet."""
    return priority is None or priority in PRIORITIES[Category(category)]


def suggested_priority(category: str, *, operations: str, business: str) -> Priority:
    """Give the priority that the effects on operations and on the business process speak for.

    Source: docs/domain.md, "Priorities". Requests go no higher than medium.
    """
    found = _SUGGESTED[Effect(operations)][Effect(business)]
    return found if is_allowed(category, found) else max(REQUEST_PRIORITIES, key=_RANK.index)


def can_move(before: str, after: str) -> bool:
    """Whether the status may change from one to the other."""
    return Status(after) in MOVES[Status(before)]


def missing(
    category: str, *, description: str, details: Mapping[str, str], files: int
) -> list[str]:
    """Name what would still help, most telling first, by the codes of FIELDS and `description`."""
    have = {name for name, value in details.items() if value.strip()}
    if files:
        have.add("screenshot")
    short = [] if len(description.strip()) >= WELL_DESCRIBED else ["description"]
    return short + [name for name in FIELDS[Category(category)] if name not in have]


def completeness(category: str, *, description: str, details: Mapping[str, str], files: int) -> int:
    """Give how complete a ticket is, in percent."""
    wanted = 1 + len(FIELDS[Category(category)])
    lacking = len(missing(category, description=description, details=details, files=files))
    return round(100 * (wanted - lacking) / wanted)


_THANKS = frozenset(THANKS.split())
_POLITE = _THANKS | frozenset(POLITE.split())
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# A name after «спасибо,»: capital within a sentence, never at the beginning of one.
_NAME = re.compile(r"(?<=[\w,])[ \u00a0]+[A-ZА-ЯЁ][a-zа-яё]+")


def is_thanks(text: str) -> bool:
    """Whether these words only thank, in Russian or English: they take no solved ticket up again.

    In doubt they do: a question, a "but", a word that thanks do not need.
    """
    words = _WORD.findall(_NAME.sub(" ", text).casefold())
    if "?" in text or not words or len(words) > MOST_WORDS_OF_THANKS:
        return False
    return bool(_THANKS & set(words)) and _POLITE.issuperset(words)
