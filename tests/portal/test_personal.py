"""What tells of a person is found, and what does not stays readable."""

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


def test_a_hostile_text_is_read_in_no_time() -> None:
    text = "иванов" * 3000 + "1-" * 5000 + "a1" * 5000 + "@" * 1000
    assert len(hide(text)[0]) <= len(text)
    assert hide(NEUTRAL) == (NEUTRAL, [])
