"""What search finds, for whom, and how it understands what was typed."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from accounts.models import User
from kb import actions, indexing
from kb.models import Article, Section
from kb.search import Results, search, suggest

Write = Callable[..., Article]
nobody = AnonymousUser()


def found(results: Results) -> list[str]:
    return [str(hit.article) for hit in results.hits]


def ask(query: str, user: User | AnonymousUser = nobody, language: str = "ru") -> Results:
    return search(query=query, user=user, language=language)


@pytest.fixture(autouse=True)
def shelf(write: Write, payments: Section) -> None:
    """Some articles that are easily confused."""
    write("Скидка за раннее бронирование", "<p>Гость получает скидку, если платит заранее.</p>")
    write(
        "Как закрыть продажи на даты", "<h2>Шахматка</h2><p>Выделите даты и закройте продажи.</p>"
    )
    write("Возврат предоплаты", "<p>Деньги вернутся гостю на карту.</p>", section=payments)
    write("Чеки по 54-ФЗ", "<p>Касса пробивает чек сама.</p>", section=payments)


def test_another_form_of_the_word_is_found() -> None:
    assert found(ask("скидки"))[0] == "Скидка за раннее бронирование"


def test_a_long_natural_question_is_answered() -> None:
    question = "здравствуйте, подскажите пожалуйста как мне вернуть гостю деньги за предоплату"
    assert found(ask(question))[0] == "Возврат предоплаты"


def test_the_title_counts_more_than_the_words(write: Write) -> None:
    write("Прочее", "<p>Возврат предоплаты, возврат предоплаты.</p>")
    assert found(ask("возврат предоплаты"))[0] == "Возврат предоплаты"


def test_a_misspelt_word_is_corrected_and_the_reader_is_told() -> None:
    results = ask("возврат предаплаты")
    assert found(results)[0] == "Возврат предоплаты"
    assert results.corrected == "возврат предоплаты"


def test_the_literal_question_can_be_asked() -> None:
    results = search(query="предаплаты", user=nobody, language="ru", is_literal=True)
    assert (found(results), results.corrected) == ([], "")


@pytest.mark.parametrize("typed", ["crblrf", "CRBLRF"])
def test_a_question_in_the_wrong_layout_is_understood(typed: str) -> None:
    results = ask(typed)
    assert found(results)[0] == "Скидка за раннее бронирование"
    assert results.corrected.lower() == "скидка"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (",hjybhjdfybt", "бронирование"),  # its first letter is a comma in the other layout
        ("скидка pf бронирование", "скидка за бронирование"),
        ("ыешсл", "stick"),
        ("скидкаа crblrf", "скидка скидка"),
    ],
)
def test_parts_in_the_wrong_layout_are_understood_too(write: Write, typed: str, meant: str) -> None:
    write("Stick", "<p>USB-ключ.</p>")

    assert ask(typed).corrected == meant


def test_small_words_stay_as_they_were_typed() -> None:
    assert ask("скидкка в продажи и возврат к карте").corrected == (
        "скидка в продажи и возврат к карте"
    )


def test_e_and_yo_are_one_letter(write: Write) -> None:
    write("Счёт для юрлица", "<p>Выставьте счёт.</p>")
    assert found(ask("счет"))[0] == found(ask("счёт"))[0] == "Счёт для юрлица"


def test_english_words_are_stemmed_too(write: Write) -> None:
    write("Channel managers", "<p>Connecting channels.</p>", language="en")
    assert found(ask("connected channel", language="en"))[0] == "Channel managers"


def test_drafts_and_articles_for_customers_are_hidden_from_strangers(
    write: Write, anna: User, elena: User
) -> None:
    write("Секретный овербукинг", is_published=False)
    write("Овербукинг для своих", access="customers")
    write("Овербукинг для всех")
    assert set(found(ask("овербукинг"))) == {"Овербукинг для всех"}
    assert set(found(ask("овербукинг", anna))) == {"Овербукинг для всех", "Овербукинг для своих"}
    assert set(found(ask("овербукинг", elena))) == set(found(ask("овербукинг", anna)))


def test_words_of_hidden_articles_are_never_offered_as_corrections(
    write: Write, anna: User
) -> None:
    write("Франшизодержатель", access="customers")
    assert ask("франшизодиржатель").corrected == ""
    assert ask("франшизодиржатель", anna).corrected == "франшизодержатель"


def test_suggestions_hide_what_the_reader_may_not_see(write: Write, anna: User) -> None:
    write("Вебхуки", access="customers")
    assert suggest(query="вебх", user=nobody, language="ru") == []
    assert [str(one) for one in suggest(query="вебх", user=anna, language="ru")] == ["Вебхуки"]


def test_changing_who_reads_an_article_changes_who_finds_it(write: Write) -> None:
    article = write("Овербукинг")
    article.access = "customers"
    actions.keep(article=article)
    assert found(ask("овербукинг")) == []


def test_suggestions_come_before_the_word_is_finished() -> None:
    offered = suggest(query="возвр", user=nobody, language="ru")
    assert [str(one) for one in offered] == ["Возврат предоплаты"]


def test_found_words_are_marked_and_nothing_else_is_markup(write: Write) -> None:
    write("Теги <b>", "<p>Знак &lt;script&gt; и слово овербукинг.</p>")
    hit = ask("овербукинг").hits[0]
    assert "<mark>овербукинг</mark>" in hit.snippet
    assert "<script>" not in hit.snippet
    assert "&lt;b&gt;" in hit.title


def test_new_words_are_found_and_old_ones_forgotten(
    write: Write, elena: User, at: datetime
) -> None:
    article = write("Трансфер")
    actions.save(
        article=article, title="Парковка", summary="", body="<p>…да</p>", author=elena, at=at
    )
    assert found(ask("парковка")) == ["Парковка"]
    assert found(ask("трансфер")) == []


def test_sections_are_counted_and_can_be_chosen(payments: Section) -> None:
    results = search(query="гость скидка карта", user=nobody, language="ru", section=payments)
    assert {hit.article.section for hit in results.hits} == {payments}
    assert dict(results.sections)[payments] == 1


def test_a_question_without_an_answer_offers_what_is_read_most() -> None:
    results = ask("ъъъ")
    assert results.hits == []
    assert len(results.nearest) == 4


@pytest.mark.parametrize(
    "typed",
    ["", " ", "\x00", "'", "a' | b & !", "\\", "%", "_", "((", "ы" * 5000, "\ud800", "<b>", ":*"],
)
def test_anything_may_be_typed(typed: str) -> None:
    assert isinstance(ask(typed), Results)
    assert isinstance(suggest(query=typed, user=nobody, language="ru"), list)


def weights(column: str = "weight") -> dict[tuple[str, int], float]:
    with connection.cursor() as cursor:
        cursor.execute(f"select lexeme, article_id, {column} from kb_posting")
        return {(lexeme, article): value for lexeme, article, value in cursor.fetchall()}


def test_all_are_weighed_alike_however_they_came_and_a_second_time_writes_nothing() -> None:
    one_by_one = weights()
    indexing.settle()
    settled, written = weights(), weights("ctid::text")
    indexing.settle()
    assert weights("ctid::text") == written
    indexing.rebuild()
    assert settled == pytest.approx(weights(), abs=indexing.HARDLY)
    assert one_by_one != pytest.approx(settled, abs=0.01), "else this shows nothing"


def test_a_rebuilt_index_finds_the_same() -> None:
    before = found(ask("закрыть продажи"))
    assert indexing.rebuild() == 4
    assert found(ask("закрыть продажи")) == before
