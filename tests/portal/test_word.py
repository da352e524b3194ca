"""What is pasted from Word comes out clean, and what is written for articles is drawn as meant."""

import time

import pytest

from portal import html

WORD = """
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings></o:OfficeDocumentSettings></xml><![endif]-->
<style>p.MsoNormal {margin:0cm;}</style>
<p class=MsoNormal style='margin-bottom:8.0pt'><b><span lang=RU style='font-size:14.0pt'>Как закрыть продажи<o:p></o:p></span></b></p>
<p class=MsoNormal><span lang=RU>&nbsp;<o:p></o:p></span></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt'><![if !supportLists]><span style='font-family:Symbol'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span><![endif]>Откройте календарь<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='text-indent:-18.0pt'><![if !supportLists]><span style='font-family:Symbol'>·<span>&nbsp;&nbsp; </span></span><![endif]>Выделите даты<o:p></o:p></p>
<p class=MsoListParagraph><span>1.<span>&nbsp;&nbsp; </span></span>Первый шаг</p>
"""


def test_a_paste_from_word_comes_out_clean() -> None:
    cleaned = html.clean(html.from_word(WORD))

    assert "Mso" not in cleaned
    assert "style" not in cleaned
    assert "o:p" not in cleaned
    assert "<li>Откройте календарь</li><li>Выделите даты</li>" in cleaned
    assert "<ol><li>Первый шаг</li></ol>" in cleaned
    assert "<p><b>Как закрыть продажи</b></p>" in cleaned
    assert "&nbsp;" not in cleaned


def test_other_words_are_left_as_they_are() -> None:
    text = "<p>· не список</p><p></p>"
    assert html.from_word(text) == text


def test_a_picture_of_ours_is_offered_in_the_widths_there_are() -> None:
    source = "/kb/pictures/0b8f8b1e-0000-4000-8000-000000000000/960.webp"
    body, _headings = html.outline(
        f'<p><img src="{source}" alt="Календарь" width="960" height="540"></p>'
    )

    assert 'alt="Календарь"' in body
    assert "480.webp 480w" in body
    assert "960.webp 960w" in body
    assert "1600.webp" not in body


@pytest.mark.parametrize(
    "address",
    ["https://rutube.ru/video/abc/", "https://youtu.be/abc", "https://vkvideo.ru/video-1_2"],
)
def test_a_film_is_a_link_and_never_a_player(address: str) -> None:
    body, _headings = html.outline(f'<p><a href="{address}">Как закрыть продажи</a></p>')
    assert '<p class="video">' in body
    assert "<iframe" not in body


def test_a_link_elsewhere_is_no_film() -> None:
    body, _headings = html.outline('<p><a href="https://evil.example/video/">Кино</a></p>')
    assert 'video"' not in body.replace("/video/", "")


def test_notes_and_steps_keep_their_classes_and_nothing_else_does() -> None:
    cleaned = html.clean(
        '<p class="note evil">А</p><ol class="steps"><li>Б</li></ol><div class="call x">В</div>'
    )
    assert (
        cleaned == '<p class="note">А</p><ol class="steps"><li>Б</li></ol><div class="call">В</div>'
    )


HUGE = 300_000  # signs


@pytest.mark.parametrize(
    "text",
    [
        "<p class=MsoNormal>" + "\xa0" * 60 + "Отступ из пробелов</p>",
        "<p class=MsoListParagraph>" + "\xa0" * 60 + "Не список</p>",
        "mso- " + "<!--[if " * (HUGE // 8),
        "mso- " + "<style>" * (HUGE // 7),
        "mso- " + "<p " * (HUGE // 3),
        "mso- " + "<p class=MsoListParagraph>" * (HUGE // 26),
    ],
)
def test_no_paste_keeps_a_process_busy(text: str) -> None:
    started = time.process_time()
    html.from_word(text)
    assert time.process_time() - started < 10


def test_a_thousand_headings_of_one_name_have_addresses_of_their_own() -> None:
    _body, headings = html.outline("<h2>Шаг</h2>" * 1000 + "<h2>Шаг 2</h2><h2>Шаг</h2>")
    assert len({heading.anchor for heading in headings}) == 1002
    assert [heading.anchor for heading in headings[:2]] == ["h-шаг", "h-шаг-2"]
