"""Ways in from elsewhere: the map of the site, feeds, what pages tell machines, reserved addresses."""

import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from kb import actions, machines, memory, slugs, views
from kb.admin import ArticleForm
from kb.models import Article, Section
from portal.refusals import Refused

Write = Callable[..., Article]
SignIn = Callable[[User | None], Client]
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"
DATA = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


def entries(client: Client, address: str) -> dict[str, list[tuple[str, str]]]:
    """Read a map as machines do: each address with its languages."""
    root = ElementTree.fromstring(client.get(address).content)
    return {
        url.findtext(f"{SITEMAP}loc", ""): [
            (link.attrib["hreflang"], link.attrib["href"]) for link in url.iter(f"{XHTML}link")
        ]
        for url in root.iter(f"{SITEMAP}url")
    }


def data_in(page: str) -> list[dict[str, Any]]:
    """Read the blocks of data in a page."""
    return [json.loads(one) for one in DATA.findall(page)]


def test_the_map_names_each_article_with_all_its_languages(
    client: Client, write: Write, settings: Any
) -> None:
    russian = write("Скидки", slug="skidki")
    write("Discounts", slug="discounts", language="en", translation_of=russian)
    write("Возвраты", slug="vozvraty")
    site = settings.SITE_URL
    found = entries(client, "/sitemap-1.xml")
    both = [("en", f"{site}/kb/discounts/"), ("ru", f"{site}/kb/skidki/")]
    assert found[f"{site}/kb/skidki/"] == found[f"{site}/kb/discounts/"] == both
    assert found[f"{site}/kb/vozvraty/"] == []
    assert {f"{site}/", f"{site}/kb/sections/rates/"} <= found.keys()


def test_the_map_has_parts_that_name_every_article_once(
    client: Client, write: Write, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(machines, "ARTICLES_A_PART", 2)
    for number in range(5):
        write("Скидки", slug=f"one-{number}")
    root = ElementTree.fromstring(client.get("/sitemap.xml").content)
    found = [str(one.text).removeprefix(settings.SITE_URL) for one in root.iter(f"{SITEMAP}loc")]
    assert found == ["/sitemap-1.xml", "/sitemap-2.xml", "/sitemap-3.xml"]
    named = [one for part in found for one in entries(client, part) if "/kb/one-" in one]
    assert sorted(named) == [f"{settings.SITE_URL}/kb/one-{number}/" for number in range(5)]
    assert client.get("/sitemap-4.xml").status_code == 404
    assert client.get("/sitemap-0.xml").status_code == 404


def test_languages_name_each_other_also_where_a_part_ends_between_them(
    client: Client, write: Write, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(machines, "ARTICLES_A_PART", 1)
    russian = write("Скидки", slug="skidki")
    write("Discounts", slug="discounts", language="en", translation_of=russian)
    site = settings.SITE_URL
    both = [("en", f"{site}/kb/discounts/"), ("ru", f"{site}/kb/skidki/")]
    assert entries(client, "/sitemap-1.xml")[f"{site}/kb/discounts/"] == both
    assert entries(client, "/sitemap-2.xml") == {f"{site}/kb/skidki/": both}


def test_the_map_leads_to_no_page_that_is_not_there(client: Client, write: Write) -> None:
    english = Section.objects.create(slug="english", title_ru="Английский", title_en="English")
    write("Discounts", language="en", section=english)
    write("Как?", kind="question")
    for address in entries(client, "/sitemap-1.xml"):
        assert client.get("/" + address.split("/", 3)[3]).status_code == 200


def test_an_empty_knowledge_base_has_a_map(client: Client, db: None) -> None:
    assert client.get("/sitemap.xml").status_code == 200
    assert entries(client, "/sitemap-1.xml")


def test_robots_are_told_where_the_map_is(client: Client, db: None) -> None:
    told = client.get("/robots.txt").content.decode()
    assert "/sitemap.xml" in told
    assert "Disallow: /desk/" in told


@pytest.mark.parametrize(
    "address",
    ["/sitemap.xml", "/sitemap-1.xml", "/kb/feed/", "/kb/sections/rates/feed/", "/kb/tags/а/feed/"],
)
def test_machines_that_come_again_are_told_that_nothing_changed(
    client: Client, write: Write, address: str
) -> None:
    write("Скидки", tags=["а"])
    mark = client.get(address).headers["ETag"]
    assert client.get(address, headers={"If-None-Match": mark}).status_code == 304
    write("Возвраты")
    assert client.get(address, headers={"If-None-Match": mark}).status_code == 200


@pytest.mark.parametrize(
    "address", ["/sitemap.xml", "/sitemap-1.xml", "/robots.txt", "/kb/questions/", "/kb/feed/"]
)
def test_nothing_is_posted_there(client: Client, db: None, address: str) -> None:
    assert client.post(address).status_code == 405


def test_a_feed_speaks_the_language_that_its_address_names(client: Client, write: Write) -> None:
    russian = write("Скидки")
    write("Discounts", language="en", translation_of=russian)
    in_russian = client.get("/kb/feed/?language=ru").content.decode()
    in_english = client.get("/kb/feed/?language=en").content.decode()
    assert ("Скидки" in in_russian, "Discounts" in in_russian) == (True, False)
    assert ("Скидки" in in_english, "Discounts" in in_english) == (False, True)
    assert client.get("/kb/feed/?language=%00").status_code == 200


def test_a_feed_of_a_section_has_what_stands_within_and_nothing_else(
    client: Client, write: Write, rates: Section, payments: Section
) -> None:
    inner = actions.keep_section(section=Section(slug="inner", title_ru="Внутри", parent=rates))
    write("Скидки", tags=["акции"])
    write("Детям", section=inner)
    write("Чеки", section=payments)
    feed = client.get("/kb/sections/rates/feed/").content.decode()
    assert ("Скидки" in feed, "Детям" in feed, "Чеки" in feed) == (True, True, False)
    tagged = client.get("/kb/tags/акции/feed/").content.decode()
    assert ("Скидки" in tagged, "Детям" in tagged) == (True, False)
    assert client.get("/kb/sections/nowhere/feed/").status_code == 404


def test_questions_are_data_for_machines_and_nothing_in_them_ends_the_block(
    client: Client, write: Write
) -> None:
    hostile = "Как </script><script>alert(1)</script> быть?"
    question = write(hostile, "<p>Нажмите <b>«Да»</b>.</p>", kind="question", summary="<Так>.")
    for address in ("/kb/questions/", "/kb/sections/rates/", question.get_absolute_url()):
        page = client.get(address).content.decode()
        (data,) = data_in(page)
        assert data["@type"] == "FAQPage"
        (entry,) = data["mainEntity"]
        assert entry["name"] == hostile
        answer = entry["acceptedAnswer"]["text"]
        assert answer == "<p>&lt;Так&gt;.</p><p>Нажмите <b>«Да»</b>.</p>"
        assert "<script>alert" not in page


def test_what_is_no_question_has_no_such_data(client: Client, write: Write) -> None:
    article = write("Скидки")
    for address in ("/kb/questions/", "/kb/sections/rates/", article.get_absolute_url()):
        assert data_in(client.get(address).content.decode()) == []


def test_questions_stand_by_section_and_the_home_page_leads_to_them(
    client: Client, write: Write, payments: Section
) -> None:
    assert "/kb/questions/" not in client.get("/").content.decode()
    write("Как вернуть деньги?", kind="question", section=payments)
    write("Как дать скидку?", kind="question")
    write("Статья")
    assert "/kb/questions/" in client.get("/").content.decode()
    shelves = client.get("/kb/questions/").context["shelves"]
    assert [(section.slug, [str(one) for one in some]) for section, some in shelves] == [
        ("rates", ["Как дать скидку?"]),
        ("payments", ["Как вернуть деньги?"]),
    ]


def test_pages_name_their_own_address_and_their_languages(client: Client, write: Write) -> None:
    russian = write("Скидки", slug="skidki", tags=["акции"], summary="О скидках")
    write("Discounts", slug="discounts", language="en", translation_of=russian)
    for address, where in (
        ("/kb/skidki/?voted=yes", "/kb/skidki/"),
        ("/kb/sections/rates/?page=1", "/kb/sections/rates/"),
        ("/kb/questions/?x=1", "/kb/questions/"),
    ):
        page = client.get(address).content.decode()
        assert f'<link rel="canonical" href="http://testserver{where}">' in page
        assert f'<meta property="og:url" content="http://testserver{where}">' in page
    page = client.get("/kb/skidki/").content.decode()
    for language, slug in (("ru", "skidki"), ("en", "discounts")):
        link = f'<link rel="alternate" hreflang="{language}" href="http://testserver/kb/{slug}/">'
        assert link in page


def test_each_page_of_a_long_list_is_its_own(
    client: Client, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "ARTICLES_A_PAGE", 1)
    for number in range(2):
        write(f"Скидки {number}", tags=["акции"])
    for address in ("/kb/sections/rates/", "/kb/tags/акции/"):
        page = client.get(f"{address}?page=2&x=1").content.decode()
        assert '?page=2">' in page.split('rel="canonical"')[1][:120]


def test_an_old_address_of_a_section_is_followed_only_by_who_may_read_there(
    client: Client, sign_in: SignIn, anna: User, write: Write
) -> None:
    section = actions.keep_section(section=Section(slug="old", title_ru="Тайный"))
    section.slug = "the-secret-name"
    actions.keep_section(section=section)
    write("Для гостей", section=section, access="customers")
    assert client.get("/kb/sections/old/").status_code == 404
    assert sign_in(anna).get("/kb/sections/old/").headers["Location"].endswith("/the-secret-name/")


def test_tags_of_imports_and_odd_ones_in_addresses_do_no_harm(client: Client, write: Write) -> None:
    assert slugs.tag("  НДС / УСН ") == "НДС УСН"
    assert slugs.tag("/") == ""
    for address in ("/kb/tags/%00/", "/kb/tags/%00/feed/", "/kb/tags/" + 300 * "a" + "/feed/"):
        assert client.get(address).status_code in {400, 404}


def test_addresses_of_our_own_pages_are_given_to_no_article(write: Write) -> None:
    article = write("Скидки")
    given = {
        "title": "Скидки", "body": "<p>Слова</p>", "section": article.section_id, "language": "ru",
        "access": "public", "slug": "questions",
    }  # fmt: skip
    assert list(ArticleForm(given, instance=article).errors) == ["slug"]
    article.slug = "questions"
    with pytest.raises(Refused):
        actions.keep(article=article)
    article.refresh_from_db()
    assert article.slug == "article-1"
    named = ArticleForm({**given, "title": "Questions", "slug": ""})
    assert named.is_valid()
    assert named.cleaned_data["slug"] == "questions-2"


@pytest.mark.parametrize(
    ("address", "most"),
    [("/kb/questions/", 4), ("/sitemap-1.xml", 6), ("/kb/sections/rates/feed/", 4)],
)
def test_ways_in_ask_as_often_for_many_articles_as_for_few(
    client: Client, write: Write, address: str, most: int
) -> None:
    def asked() -> int:
        memory.forget()
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    for number in range(3):
        write(f"Вопрос {number}", kind="question")
    few = asked()
    for number in range(6):
        write(f"Вопрос и ещё {number}", kind="question")
    assert asked() == few <= most
