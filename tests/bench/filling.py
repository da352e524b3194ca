"""Fills tables quickly: COPY from two processes into tables without indexes and triggers."""

import multiprocessing
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import connection, connections

from tests.bench import lives

CHUNK = 10_000  # tickets that one COPY brings
PROCESSES = 2
ALONE = 20_000  # tickets that one process fills as quickly
DONE_LIVES, OPEN_LIVES = 20_000, 5000  # as many different ones
LONG = (
    "set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0"
)

# Indexes of these tables but the primary keys: constraints are dropped and made as such.
INDEXES = """
select c.relname, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid),
    k.conname, pg_get_constraintdef(k.oid)
from pg_index i
join pg_class c on c.oid = i.indrelid
left join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('u', 'x')
where c.relname = any(%s) and not i.indisprimary
    and not exists (select from pg_constraint f where f.conindid = i.indexrelid and f.contype = 'f')
order by 1, 2
"""


@dataclass(frozen=True)
class Order:
    """What one process writes."""

    numbers: range
    words: lives.Words
    askers: Sequence[lives.Asker]
    staff: Sequence[int]
    now: datetime
    open_share: float


def fill(order: Order, *, after: Sequence[Callable[[], None]] = ()) -> dict[str, float]:
    """Write the tickets of an order; answers the seconds of each step."""
    taken: dict[str, float] = {}
    with _step(taken, "drop indexes"):
        again = _drop_indexes(list(lives.COLUMNS))
    with _step(taken, "copy"):
        _copy_all(order)
    with _step(taken, "build indexes"):
        # Without their figures the planner would read every table whole for what comes next.
        _run([*again, "analyze"])
        _sequences()
    for hook in after:
        with _step(taken, hook.__name__):
            hook()
    with _step(taken, "vacuum analyze"):
        _run(["vacuum analyze"])
    return taken


@contextmanager
def _step(taken: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    taken[name] = time.perf_counter() - started


def _drop_indexes(tables: list[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(INDEXES, [tables])
        found = cursor.fetchall()
        again = []
        for table, index, made, constraint, said in found:
            if constraint:
                cursor.execute(f'alter table {table} drop constraint "{constraint}"')
                again.append(f'alter table {table} add constraint "{constraint}" {said}')
            else:
                cursor.execute(f"drop index {index}")
                again.append(made)
    return again


def _run(statements: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"{LONG}; set maintenance_work_mem = '512MB'")
        for statement in statements:
            cursor.execute(statement)
    connection.close()  # its settings go with it


def _copy_all(order: Order) -> None:
    if len(order.numbers) <= ALONE:
        _copy_apart(order)
        return
    connections.close_all()  # a connection survives no fork
    share = -(-len(order.numbers) // PROCESSES)
    orders = [
        Order(order.numbers[place : place + share], *list(vars(order).values())[1:])
        for place in range(0, len(order.numbers), share)
    ]
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        pool.map(_copy_apart, orders, chunksize=1)


def _copy_apart(order: Order) -> None:
    with connection.cursor() as cursor:
        # Neither triggers nor foreign keys: the rows agree with each other by their making.
        cursor.execute(f"{LONG}; set session_replication_role = replica")
    copy(order)
    connection.close()  # its settings go with it


def copy(order: Order) -> None:
    """Write the rows of an order, chunk by chunk, on the present connection."""
    luck = random.Random(order.numbers.start)
    book = lives.Book(order.now, done=DONE_LIVES, unfinished=OPEN_LIVES)
    told = partial(lives.rows, book=book, words=order.words, askers=order.askers)
    with connection.cursor() as cursor:
        for place in range(0, len(order.numbers), CHUNK):
            numbers = order.numbers[place : place + CHUNK]
            found = told(numbers, staff=order.staff, luck=luck, open_share=order.open_share)
            for table, lines in found.items():
                names = ", ".join(lives.COLUMNS[table].split())
                with cursor.cursor.copy(f"copy {table} ({names}) from stdin") as stream:
                    stream.write("".join(lines))


def _sequences() -> None:
    with connection.cursor() as cursor:
        for table in ("tickets_ticket", "tickets_message", "tickets_clock"):
            cursor.execute(
                f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}"
            )
        cursor.execute("select setval('tickets_number', (select max(number) from tickets_ticket))")
