"""What a person newly wrote is told from quotes and signatures, and nothing of a letter is lost."""

import pytest

from tests.tickets.channels.replies import ANSWER, ASKED, CASES, Case, quoted
from tickets.channels.email import reply


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.client)
def test_only_what_is_new_is_seen(case: Case) -> None:
    assert reply.split(case.letter).visible == case.visible


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.client)
def test_nothing_is_dropped(case: Case) -> None:
    whole = "\n".join(one.text for one in reply.split(case.letter).fragments)

    assert whole == case.letter.replace("\r\n", "\n")


LINES = ("##- Пишите ответ выше этой линии -##", "##- Write your answer above this line -##")
QUOTING = [case for case in CASES if ANSWER in case.letter or quoted(ANSWER) in case.letter]


@pytest.mark.parametrize("line", LINES, ids=["ru", "en"])
@pytest.mark.parametrize("case", QUOTING, ids=lambda case: case.client)
def test_our_line_is_where_every_client_is_cut(case: Case, line: str) -> None:
    ours = f"{line}\n\n{ANSWER}"
    letter, visible = (
        told.replace(quoted(ANSWER), quoted(ours)).replace(ANSWER, ours)
        for told in (case.letter, case.visible)
    )
    assert line in letter
    assert reply.split(letter).visible == visible


HEADS = [
    "",
    "HotBot, 25.11.2026, 14:20:",
    "Le 25/11/2026 à 14:20, HotBot <support@portal.example> :",
    "support@portal.example, ср, 25 нояб.:",
    "Кому: Анна\nТема: Re: Календарь [#1042]",
    "___________________________\n\n25 ноября 2026 г., 14:20:33 +03:00, HotBot (support@portal.example):",
    "От: HotBot",
    "*From:* HotBot <support@portal.example>",
]


@pytest.mark.parametrize("line", LINES, ids=["ru", "en"])
@pytest.mark.parametrize("marks", ["", "> ", ">> ", "| ", "*"])
@pytest.mark.parametrize("head", HEADS)
def test_our_line_cuts_below_heads_that_no_rule_knows(head: str, marks: str, line: str) -> None:
    below = "\n".join(f"{marks}{one}" for one in [line, "", *ANSWER.split("\n")])
    assert reply.split(f"{ASKED}\n\n{head}\n\n{below}").visible == ASKED
    assert reply.split(f"{ASKED}\n{below}").visible == ASKED


def test_answers_between_the_lines_of_our_letter_are_seen() -> None:
    letter = (
        f"> {LINES[0]}\n>\n> Какой у вас отель?\n\nРомашка\n\n> Какой браузер?\n\nYandex Browser"
    )
    assert reply.split(letter).visible == "Ромашка\n\nYandex Browser"


def test_who_answers_below_the_line_is_read_all_the_same() -> None:
    letter = f"{LINES[0]}\n\nКакой у вас отель?\n\nРомашка"
    assert reply.split(letter).visible == letter


def test_words_above_the_line_that_only_end_like_a_head_stay() -> None:
    asked = "Адрес для сверки a@hotel.example, звоните до 12:30."
    assert reply.split(f"{asked}\n\n{LINES[0]}\n\n{ANSWER}").visible == asked


def test_a_thousand_lines_of_ours_cost_no_time() -> None:
    letter = f"{ASKED}\n" + f"{'>' * 70} {LINES[0]}\n" * 20_000
    assert reply.split(letter).visible == ASKED
