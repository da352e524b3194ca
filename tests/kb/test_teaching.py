"""What the head of support teaches search, and who finds what."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from kb import actions
from kb.models import Article, StopWord, Synonyms
from kb.search import search, suggest
from portal.refusals import Refused

Write = Callable[..., Article]
nobody = AnonymousUser()


def found(query: str, user: User | AnonymousUser = nobody) -> list[str]:
    return [str(hit.article) for hit in search(query=query, user=user, language="ru").hits]


def test_a_synonym_finds_what_was_written_in_other_words(write: Write) -> None:
    write("Сейф в номере", "<p>Код сейфа.</p>")
    assert "Сейф в номере" not in found("хранилище")
    actions.keep_synonyms(synonyms=Synonyms(words=["сейф", "хранилище"]))
    assert found("хранилища")[0] == "Сейф в номере"


def test_a_name_of_two_words_is_one_name(write: Write) -> None:
    write("Вход в личный кабинет", "<p>Войдите.</p>")
    write("Личный автомобиль", "<p>Парковка.</p>")
    assert found("ЛК")[0] == "Вход в личный кабинет"


def test_the_word_itself_counts_more_than_its_synonym(write: Write) -> None:
    write("Сейф", "<p>Код.</p>")
    write("Хранилище", "<p>Код.</p>")
    actions.keep_synonyms(synonyms=Synonyms(words=["сейф", "хранилище"]))
    assert found("сейф")[0] == "Сейф"
    assert found("хранилище")[0] == "Хранилище"


def test_one_way_leads_one_way(write: Write) -> None:
    write("Питание", "<p>Меню.</p>")
    write("Завтраки", "<p>Каша.</p>")
    actions.keep_synonyms(synonyms=Synonyms(words=["завтрак", "питание"], is_one_way=True))
    assert set(found("завтрак")) == {"Завтраки", "Питание"}
    assert found("питание") == ["Питание"]


def test_a_stop_word_says_nothing(write: Write) -> None:
    write("Срочно", "<p>Срочно, срочно.</p>")
    write("Ключи", "<p>Ключи от номера.</p>")
    actions.keep_stop_word(word=StopWord(word="Срочно"))
    assert found("срочно ключи") == ["Ключи"]
    assert found("срочно") == ["Срочно"], "alone it is all that is asked"


def test_what_is_taught_and_forgotten_holds_at_once(write: Write) -> None:
    write("Сейф", "<p>Код.</p>")
    row = actions.keep_synonyms(synonyms=Synonyms(words=["сейф", "хранилище"]))
    assert found("хранилище")
    actions.forget_taught(row=row)
    assert "Сейф" not in found("хранилище")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "одно",
        "одно\nОДНО",
        "\n".join(f"слово{n}" for n in range(21)),
        "а" * 81 + "\nб",
        "!!!\n???",
    ],
)
def test_rows_that_teach_nothing_are_refused(db: None, text: str) -> None:
    with pytest.raises(Refused, match=r"\w"):
        actions.synonyms_of(text)


SETS = {
    "nobody": {"Для всех"},
    "anna": {"Для всех", "Для клиентов"},
    "sergey": {"Для всех", "Для клиентов", "Для своих"},
    "elena": {"Для всех", "Для клиентов", "Для своих"},
}


@pytest.mark.parametrize("persona", SETS)
def test_each_reader_meets_exactly_what_is_meant_for_them(
    persona: str, request, write: Write, sign_in, rates
) -> None:
    write("Для всех", "<p>Паролиндром</p>", tags=["метка"])
    write("Для клиентов", "<p>Паролиндром</p>", access="customers", tags=["метка"])
    write("Для своих", "<p>Паролиндром</p>", access="staff", tags=["метка"])
    write("Черновик", "<p>Паролиндром</p>", is_published=False, tags=["метка"])
    user = nobody if persona == "nobody" else request.getfixturevalue(persona)
    client = sign_in(None if persona == "nobody" else user)
    everything = {"Для всех", "Для клиентов", "Для своих", "Черновик"}

    def shown(address: str) -> set[str]:
        page = client.get(address).content.decode()
        return {title for title in everything if title in page}

    opened = {
        str(article)
        for article in Article.objects.all()
        if client.get(article.get_absolute_url()).status_code == 200
    }
    assert opened == SETS[persona]
    assert set(found("паролиндром", user)) == SETS[persona]
    assert {str(one) for one in suggest(query="паролин", user=user, language="ru")} == SETS[persona]
    for address in (rates.get_absolute_url(), "/kb/tags/метка/", "/kb/search?q=паролиндром", "/"):
        assert shown(address) == SETS[persona], address
    assert shown("/kb/feed/") <= {"Для всех"}
    assert shown("/sitemap.xml") == set()


def test_a_word_of_the_staff_is_no_correction_for_others(
    write: Write, anna: User, sergey: User
) -> None:
    write("Для своих", "<p>Паролиндром</p>", access="staff")
    asked = {
        user: search(query="паролиндрум", user=user, language="ru").corrected
        for user in (anna, sergey)
    }
    assert asked == {anna: "", sergey: "паролиндром"}
