"""What tells of a person is found, and what does not stays readable."""

import time

import pytest

from portal.personal import NEUTRAL, hide


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("счёт на ivan.p@mail.example", "счёт на […]"),
        ("перезвоните +7 921 123-45-67", "перезвоните […]"),
        ("8 (921) 1234567 не отвечает", "[…] не отвечает"),
        ("паспорт 4507 123456", "паспорт […]"),
        ("карта 2200 1234 5678 9012", "карта […]"),
        ("бронь 45128 не пришла", "бронь […] не пришла"),
        ("reservation AB12345 is lost", "reservation […] is lost"),
        ("иванова ольга петровна не заехала", "[…] не заехала"),
        ("Смирнов И. И. просит счёт", "[…] просит счёт"),
        ("гость Смирнов просит чек", "гость […] просит чек"),
        ("бронь на имя Петрова", "бронь на имя […]"),
        ("анна лебедева забыла пароль", "[…] забыла пароль"),
        ("john smith cannot pay", "[…] cannot pay"),
        ("ключ sk_live_51HabcDEF9012345", "ключ […]"),
        ("https://a.example/r?token=1 не открывается", "[…] не открывается"),
        ("пишите на почта@гостиница.рф", "пишите на […]"),
        ("iv\u200ban@mail.example молчит", "[…] молчит"),
        ("мой телеграм @ivan_petrov77", "мой телеграм […]"),
        ("ИНН 7707083893 и 500100732259", "ИНН […] и […]"),
        ("снилс 112-233-445 95", "снилс […]"),
        ("паспорт серия 45 09 № 123456 выдан", "паспорт серия […] выдан"),
        ("дата рождения: 12.03.1985", "дата рождения: […]"),
        ("живёт ул. Ленина, д. 5, кв. 12", "живёт […]"),
        ("проспект Мира 101к2, офис 7", "[…]"),
        ("офис на Невском пр-т, 28", "офис на […]"),
        ("at 221 Baker Street in London", "at […] in London"),
        ("с адреса 203.0.113.77 не входит", "с адреса […] не входит"),
        ("Зоя Чехова и Марию Ким", "[…] и […]"),
        ("зое петровой не пришло", "[…] не пришло"),
        ("тел.-89211234567", "тел.-[…]"),
        ("HB-77-20418 нет в списке", "[…] нет в списке"),
    ],
)
def test_what_tells_of_a_person_is_hidden(text: str, kept: str) -> None:
    assert hide(text)[0] == kept


@pytest.mark.parametrize(
    "text",
    [
        "как настроить тариф",
        "чек по 54-фз",
        "закрыть даты с 01.02.2026",
        "сезон 2025-2026",
        "основной тариф на уровне отеля",
        "наличной оплатой, и т.д.",
        "booking.com channel manager",
        "windows10 не печатает",
        "тариф невозвратный для гостей",
        "минимальный срок 3 ночи",
        "https://help.example/kb/tarify/",
        "личный кабинет яндекс директ",
        "скидка за номеров больше трёх",
        "оплата за один день или за два",
        "один или два гостя",
        "гость один в номере",
        "гость детский тариф",
        "бронирование номеров",
        "бронь для клиентов магазинов",
        "роман тарифов",
        "выгрузка с 2026-11-01 по 2026-11-30",
        "комиссия 150 000 руб",
        "цена 1 500 000 ₽",
        "версия 8.3.27",
        "тарифы 2, 3 и 14",
        "переулок у отеля",
        "ошибка 503",
        "НДС 22% с 2026 года",
    ],
)
def test_words_of_hotels_stay(text: str) -> None:
    assert hide(text) == (text, [])


def test_known_names_are_hidden_in_every_case_and_other_words_are_not() -> None:
    known = [("name", "Вера"), ("hotel", "Верфь"), ("hotel", "Дом у маяка")]
    text = "Вера из Верфи и «Дома у маяка» закрыла веранду"
    hidden, found = hide(text, known=known, sign=lambda kind: f"<{kind}>")
    assert hidden == "<name> из <hotel> и «<hotel>» закрыла веранду"
    assert {one.text for one in found} == {"Вера", "Верфи", "Дома у маяка"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Климова", "спросите климову, у Климовой есть"),
        ("Чайковский", "Чайковского нет, с чайковским говорили"),
        ("Дмитрий", "дмитрию и Дмитрием"),
        ("Мария", "Марии и марию"),
        ("Анна-Мария", "Анны-Марии"),
    ],
)
def test_known_names_are_found_however_they_are_declined(name: str, text: str) -> None:
    hidden, found = hide(text, known=[("name", name)])
    assert len(found) == hidden.count(NEUTRAL) == text.count(" и ") + text.count(", ") + 1
    assert name[:4].lower() not in hidden.lower()


@pytest.mark.parametrize(
    ("name", "text"),
    [("Роман", "читали роман"), ("Надежда", "надежда есть"), ("Юрий", "Юристу"), ("Ян", "Январь")],
)
def test_known_names_leave_ordinary_words_alone(name: str, text: str) -> None:
    assert hide(text, known=[("name", name)])[0] == text


# What a pattern could read again and again, each some hundred kilobytes long.
PIECES = [
    "a", "А", "а-", "a-", "a1-", "-a1", "-иваныч", "Ов-", "иван-", "1 ", "1-", " ", "\n", "@", "a@", "a.",
    "+7", "8 (", "http://", "/a1", "А. ", "гость ", "иванов ", "Иван ", "john ", "ул. ", "ул. а ", "кв. ",
    "паспорт ", "№ ", "бронь  ", "1.", "1/", "дом ", "а1/1 ", "\u200b", "\u200ba",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_a_hostile_text_is_read_in_time_that_grows_with_its_length(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        started = time.process_time()
        hide(text)
        return time.process_time() - started

    # Four times the text takes sixteen times as long where a pattern goes back to its beginning.
    short = min(seconds(5_000) for _again in range(2))
    assert seconds(20_000) < 8 * max(short, 0.01)


def test_every_kind_of_colleague_is_hidden_from_a_long_text_in_time() -> None:
    known = [("name", f"Фамильнов{number}") for number in range(1000)]
    started = time.process_time()
    hidden, _found = hide("Фамильнов7 не ответил. " * 1000, known=known)
    assert "Фамильнов" not in hidden
    assert time.process_time() - started < 5


def test_what_was_hidden_stays_as_it_is() -> None:
    assert hide(NEUTRAL) == (NEUTRAL, [])
