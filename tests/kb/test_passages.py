"""The passage that stands below a title in the answers of search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import passages


def bare(text: str) -> str:
    return text.replace(passages.OPEN, "").replace(passages.CLOSE, "")


def test_the_passage_with_most_of_the_words_wins() -> None:
    text = "Скидка. " + "Вода. " * 80 + "Скидка по промокоду даётся гостю. " + "Вода. " * 80
    assert "промокоду" in bare(passages.best(text, ["скидк", "промокод"]))


def test_every_form_of_a_word_is_marked() -> None:
    shown = passages.marked("Скидки и СКИДКА, но не расскидка", ["скидк"])
    assert shown == "\ue000Скидки\ue001 и \ue000СКИДКА\ue001, но не расскидка"


def test_yo_is_marked_as_e() -> None:
    assert passages.marked("Счёт", ["счет"]) == "\ue000Счёт\ue001"


def test_an_english_stem_in_i_marks_words_in_y() -> None:
    assert passages.marked("Our policy", ["polici"]) == "Our \ue000policy\ue001"


def test_without_a_word_the_beginning_is_shown() -> None:
    assert passages.best("Начало. " + "Ещё. " * 100, ["нет"]).startswith("Начало.")


@pytest.mark.parametrize("text", ["", " ", "слово", "слово\nслово"])
def test_short_texts_are_shown_whole(text: str) -> None:
    assert bare(passages.best(text, ["слов"])) == text.replace("\n", passages.LINE)


@given(st.text(max_size=600), st.lists(st.text(min_size=1, max_size=8), max_size=5))
def test_a_passage_is_never_longer_than_it_may_be(text: str, stems: list[str]) -> None:
    clean = text.replace(passages.OPEN, "").replace(passages.CLOSE, "").replace("\n", " ")
    assert len(bare(passages.best(clean, stems))) <= passages.LENGTH + 2
