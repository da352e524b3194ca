"""Search inside tickets: the newest ones that hold all words, in work that does not grow.

Words are stems of number, subject, names and all messages, kept by triggers (migration 0012). They
stand on shelves of 1,024 tickets and wider ones, read newest first until a page is full:
docs/decisions/0007-updates-and-search-of-the-desk.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from tickets.querysets import Scope

BATCH = 2000  # tickets that are indexed in one transaction
NEWEST = 2**62  # beyond every ticket
# Only words like the reader's own: an empty query (stop words alone) matches nothing.
ASKED = "plainto_tsquery('russian', translate(%(text)s, 'ёЁ<>', 'еЕ  '))"
MATCHES = f"""
select m from tickets_newest_matches(
    {ASKED} && coalesce(nullif(%(shelves)s, '')::tsquery, ''::tsquery),
    least(%(below)s, (select coalesce(max(ticket_id), 0) + 1 from tickets_searchdocument)),
    %(wanted)s) m
where numnode({ASKED}) > 0
"""  # noqa: S608 (nothing but the constant above is put in)
# What is theirs alone, or in the hands of the developers: few enough to look through one by one.
ASSIGNED = f"""
select d.ticket_id from tickets_searchdocument d join tickets_ticket t on t.id = d.ticket_id
where (t.assignee_id = %(person)s or (%(develops)s and t.development_id is not null))
    and d.ticket_id < %(below)s and d.vector @@ {ASKED}
order by d.ticket_id desc limit %(wanted)s
"""  # noqa: S608 (nothing but the constant above is put in)
ORGANIZATIONS = "select id from accounts_organization where account_manager_id = %s"


@dataclass(frozen=True)
class Found:
    """The newest tickets that hold the words, and whether older ones may hold them too."""

    ids: Sequence[int]
    is_all: bool


def matches(
    *,
    text: str,
    scope: Scope,
    wanted: int,
    below: int | None = None,
    organization: int | None = None,
) -> Found:
    """Give the newest matches below a ticket; not all of them need be visible: filter them yet.

    The scope only spares us from looking through tickets that will be hidden anyway.
    """
    given = {"text": text, "below": below or NEWEST, "wanted": wanted, "person": scope.person_id}
    has_own = scope.kind in {"theirs", "developed"}
    shelves = _shelves(scope, organization)
    ids = _ids(MATCHES, {**given, "shelves": shelves}) if shelves is not None else []
    is_all = len(ids) < wanted
    if has_own:
        own = _ids(ASSIGNED, {**given, "develops": scope.kind == "developed"})
        is_all = is_all and len(own) < wanted
        ids = sorted({*ids, *own}, reverse=True)[:wanted]
    return Found(ids, is_all)


def _shelves(scope: Scope, organization: int | None) -> str | None:
    """Say whose tickets are looked through: everybody's (empty), some, or nobody's (None)."""
    if organization is not None:
        return f"'~o:{int(organization)}'"
    if scope.kind == "all":
        return ""
    if scope.kind not in {"theirs", "developed"}:
        return f"'~o:{scope.organization_id}'"
    with connection.cursor() as cursor:
        cursor.execute(ORGANIZATIONS, [scope.person_id])
        return "|".join(f"'~o:{number}'" for (number,) in cursor.fetchall()) or None


def _ids(sql: str, values: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [number for (number,) in cursor.fetchall()]


def rebuild(*, after: int = 0, tell: Callable[[int], None] = lambda _last: None) -> None:
    """Index all tickets above a number anew, batch by batch; people search and write meanwhile."""
    for ids in _batches(after):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select tickets_index(%s)", [ids])
        tell(ids[-1])


def _batches(after: int) -> Iterator[list[int]]:
    while True:
        ids = _ids(
            "select id from tickets_ticket where id > %(after)s order by id limit %(batch)s",
            {"after": after, "batch": BATCH},
        )
        if not ids:
            return
        yield ids
        after = ids[-1]


def index_at_once() -> None:
    """Index everything after rows were written in bulk: for empty installations, not for live ones.

    Building the index over the finished table takes a tenth of keeping it up row by row.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")  # else rows still to be checked forbid it
        cursor.execute("drop index ticket_words")
        cursor.execute("truncate tickets_searchdocument")
        cursor.execute("select tickets_index(array(select id from tickets_ticket))")
        cursor.execute("set local maintenance_work_mem = '512MB'")
        cursor.execute(
            "create index ticket_words on tickets_searchdocument using gin (vector)"
            " with (fastupdate = off)"
        )


def keep_up(*, is_on: bool) -> None:
    """Let new messages be indexed, or not while rows are written in bulk."""
    word = "enable" if is_on else "disable"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")  # else rows still to be checked forbid it
        cursor.execute(f"alter table tickets_message {word} trigger words_are_added")
