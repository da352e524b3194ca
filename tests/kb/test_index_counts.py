"""The counts of stems on which ranking stands: right after every change, and when many publish at once."""

from functools import partial

import pytest
from django.db import connection

from accounts.models import User
from kb import actions
from kb.models import Lexeme
from tests.kb.conftest import Write
from tests.tickets.conftest import _at_once

COUNTED = """
select lexeme, count(*), count(*) filter (where audience = 0)
from kb_posting group by lexeme order by lexeme
"""


def _counted() -> list[tuple[str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(COUNTED)
        return list(cursor.fetchall())


def _kept() -> list[tuple[str, int, int]]:
    found = Lexeme.objects.filter(articles__gt=0).order_by("lexeme")
    return sorted(found.values_list("lexeme", "articles", "public_articles"))


def test_stems_are_counted_right_after_every_change(write: Write, elena: User, at) -> None:
    first = write("Тарифы и скидки", "<p>Скидка за раннее бронирование.</p>")
    second = write("Скидки для группы", "<p>Скидка и ещё раз скидка.</p>", access="customers")
    assert _kept() == sorted(_counted())
    actions.save(
        article=first, title="Тарифы", summary="", body="<p>Иное.</p>", author=elena, at=at
    )
    assert _kept() == sorted(_counted())
    second.access = "public"
    actions.keep(article=second)
    assert _kept() == sorted(_counted())
    actions.unpublish(article=second, actor=elena, at=at)
    assert _kept() == sorted(_counted())


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_publish_at_once_and_none_blocks_another(write: Write, elena: User, at) -> None:
    words = "<p>Бронирование тарифа, скидка, оплата картой, возврат предоплаты гостю.</p>"
    articles = [write(f"Скидка {number}", words) for number in range(8)]
    _at_once([partial(actions.publish, article=one, actor=elena, at=at) for one in articles])
    assert _kept() == sorted(_counted())
    assert ("скидк", 8, 8) in _kept()
