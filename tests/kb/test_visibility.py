"""Who meets what: for every way to articles, exactly those that this reader may read.

What is expected is computed from the articles themselves; a new way in is one more line in WAYS.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from accounts.models import Role, User
from kb import actions
from kb.models import Article, ArticleStatus, Section
from kb.search import search, suggest

Write = Callable[..., Article]
SignIn = Callable[[User | None], Client]

READS = {
    "nobody": {"public"},
    "anna": {"public", "customers"},  # an employee of a hotel
    "olga": {"public", "customers"},  # its owner
    "sergey": {"public", "customers", "staff"},  # a specialist
    "maxim": {"public", "customers", "staff"},
    "ivan": {"public", "customers", "staff"},  # an author
    "elena": {"public", "customers", "staff"},  # an editor
}
WORD = "паролиндром"
SECRET = "Кукареканье"  # stands only in words that nobody has reviewed or whose hour is to come
SHELVES = (("article", "rates"), ("question", "rates"), ("article", "inner"))
# What is done to an article, and where such articles stand.
STATES: dict[str, Sequence[tuple[str, str]]] = {
    "out": SHELVES,
    "draft": SHELVES,
    "archived": SHELVES,
    "unpublished": SHELVES[:1],
    "scheduled": SHELVES[:1],
    "waiting": SHELVES[:1],  # published, with newer words that wait for a review
    "later": SHELVES[1:2],  # published, with newer words that wait for their hour
}


@pytest.fixture
def ivan(db: None) -> User:
    """An author: he writes and publishes nothing."""
    role = Role.objects.get(code="author")
    person = User.objects.create_user(
        "ivan@hotbot.example", full_name="Иван Пишущий", position="…", role=role, is_staff=True
    )
    person.groups.add(role.group)
    return person


@pytest.fixture
def shelf(write: Write, rates: Section, elena: User, ivan: User, at: datetime) -> list[Article]:
    """Articles of each access and state: in a section, in one within it, and questions."""
    inner = actions.keep_section(section=Section(slug="inner", title_ru="Внутри", parent=rates))
    sections = {"rates": rates, "inner": inner}
    made: list[Article] = []
    for access in ("public", "customers", "staff"):
        for state, kinds in STATES.items():
            for kind, section in kinds:
                article = write(
                    f"Статья {len(made)}",
                    f"<p>{WORD.capitalize()}</p>",
                    slug=f"one-{len(made)}-{access}-{state}",
                    access=access,
                    kind=kind,
                    section=sections[section],
                    tags=["метка"],
                    is_published=state not in {"draft", "scheduled"},
                )
                _brought_to(state, article, elena, ivan, at)
                made.append(article)
    actions.relate(article=made[0], others=made[1:])
    return list(Article.objects.select_related("section", "current_revision").order_by("id"))


def _brought_to(state: str, article: Article, elena: User, ivan: User, at: datetime) -> None:
    tomorrow = at + timedelta(days=1)
    if state == "archived":
        actions.archive(article=article, actor=elena, at=at)
    elif state == "unpublished":
        actions.unpublish(article=article, actor=elena, at=at)
    elif state == "scheduled":
        actions.schedule(article=article, actor=elena, publish_at=tomorrow, at=at)
    elif state in {"waiting", "later"}:
        words = {"title": f"{SECRET} {article.slug}", "summary": SECRET, "body": f"<p>{SECRET}</p>"}
        actions.save(article=article, author=ivan, at=at, **words)
        if state == "waiting":
            actions.submit(article=article, actor=ivan, at=at)
        else:
            actions.schedule(article=article, actor=elena, publish_at=tomorrow, at=at)


def may_read(persona: str, shelf: list[Article], **fields: str) -> set[str]:
    """Compute what a persona may meet, narrowed by kind and section."""
    return {
        one.slug
        for one in shelf
        if one.status == ArticleStatus.PUBLISHED
        and one.access in READS[persona]
        and fields.get("kind", one.kind) == one.kind
        and fields.get("section", one.section.slug) == one.section.slug
    }


def linked(answer: Any) -> set[str]:
    """Give the articles that a page leads to, wherever in it."""
    assert answer.status_code == 200
    return set(re.findall(r"/kb/(one-[-\w]+)/", answer.content.decode()))


def listed(client: Client, address: str) -> set[str]:
    """Give all articles of a list for programs, page after page."""
    found: set[str] = set()
    while address:
        page = client.get(address).json()
        found |= {row["slug"] for row in page["results"]}
        address = page["next"]
    return found


# A way in, and what of the shelf it is about.
WAYS: dict[str, tuple[str, dict[str, str]]] = {
    "section": ("/kb/sections/rates/", {"section": "rates"}),
    "inner section": ("/kb/sections/inner/", {"section": "inner"}),
    "tag": ("/kb/tags/метка/", {}),
    "questions": ("/kb/questions/", {"kind": "question"}),
    "search": (f"/kb/search?q={WORD}", {}),
}
# Feeds and the map know no reader: they show what everybody may read, to everybody.
PUBLIC_WAYS: dict[str, tuple[str, dict[str, str]]] = {
    "feed": ("/kb/feed/", {}),
    "feed of a section with what is within": ("/kb/sections/rates/feed/", {}),
    "feed of an inner section": ("/kb/sections/inner/feed/", {"section": "inner"}),
    "feed of a tag": ("/kb/tags/метка/feed/", {}),
    "map": ("/sitemap-1.xml", {}),
}


def signed(request: pytest.FixtureRequest, persona: str) -> User | None:
    return None if persona == "nobody" else request.getfixturevalue(persona)


@pytest.fixture
def reader(request: pytest.FixtureRequest, persona: str, sign_in: SignIn) -> Client:
    """A browser of the persona."""
    return sign_in(signed(request, persona))


@pytest.mark.parametrize("persona", READS)
def test_a_way_in_shows_exactly_what_this_reader_may_read(
    reader: Client, shelf: list[Article], persona: str
) -> None:
    for way, (address, about) in WAYS.items():
        found = linked(reader.get(address))
        if way == "search":  # ten a page
            found |= linked(reader.get(f"{address}&page=2"))
        assert found == may_read(persona, shelf, **about), way


@pytest.mark.parametrize("persona", READS)
def test_words_that_wait_reach_no_reader_by_any_way(
    reader: Client, shelf: list[Article], persona: str
) -> None:
    addresses = [address for address, _about in (*WAYS.values(), *PUBLIC_WAYS.values())]
    addresses += [one.get_absolute_url() for one in shelf]
    addresses += [f"/api/v1/articles/{one.slug}/" for one in shelf]
    addresses += ["/", "/api/v1/articles/", "/api/v1/sections/", f"/kb/suggest?q={WORD[:7]}"]
    for address in addresses:
        assert SECRET.lower() not in reader.get(address).content.decode().lower(), address
    found = reader.get(f"/api/v1/search/?q={SECRET}").json()
    assert found["hits"] == []


@pytest.mark.parametrize("persona", READS)
def test_feeds_and_the_map_show_what_everybody_may_read(
    reader: Client, shelf: list[Article], persona: str
) -> None:
    for way, (address, about) in PUBLIC_WAYS.items():
        assert linked(reader.get(address)) == may_read("nobody", shelf, **about), way


@pytest.mark.parametrize("persona", READS)
def test_pages_short_links_and_archived_pages_are_for_whom_they_are_meant(
    reader: Client, shelf: list[Article], persona: str
) -> None:
    answers = {one.slug: reader.get(one.get_absolute_url()).status_code for one in shelf}
    opened = {slug for slug, status in answers.items() if status == 200}
    told = {slug for slug, status in answers.items() if status == 410}
    led = {one.slug for one in shelf if reader.get(f"/to/{one.short_code}").status_code == 302}
    assert opened == led == may_read(persona, shelf)
    assert told == {
        one.slug for one in shelf if one.status == "archived" and one.access in READS[persona]
    }


@pytest.mark.parametrize("persona", READS)
def test_the_page_of_an_article_leads_to_nothing_else(
    reader: Client, shelf: list[Article], persona: str
) -> None:
    mine = may_read(persona, shelf)
    first = reader.get(shelf[0].get_absolute_url())
    related = {one.slug for one in first.context["around"].related}
    for slug in mine:
        assert linked(reader.get(f"/kb/{slug}/")) <= mine
    assert len(related) == min(4, len(mine) - 1)
    assert related <= mine - {shelf[0].slug}


@pytest.mark.parametrize("persona", READS)
def test_the_home_page_counts_and_shows_exactly_what_is_theirs(
    reader: Client, shelf: list[Article], persona: str
) -> None:
    page = reader.get("/")
    lists, mine = page.context["lists"], may_read(persona, shelf)
    assert {one.slug: one.article_count for one in lists["sections"]} == {"rates": len(mine)}
    assert linked(page) <= mine
    for name in ("popular", "recent"):
        assert len(lists[name]) == min(5, len(mine))


@pytest.mark.parametrize("persona", READS)
def test_search_and_suggestions_find_what_is_theirs(
    request: pytest.FixtureRequest, shelf: list[Article], persona: str
) -> None:
    user, mine = signed(request, persona) or AnonymousUser(), may_read(persona, shelf)
    hits = search(query=WORD, user=user, language="ru", limit=30).hits
    assert {hit.article.slug for hit in hits} == mine
    suggested = {one.slug for one in suggest(query=WORD[:7], user=user, language="ru")}
    assert suggested
    assert suggested <= mine


@pytest.mark.parametrize("persona", READS)
def test_programs_read_what_people_read(reader: Client, shelf: list[Article], persona: str) -> None:
    mine = may_read(persona, shelf)
    assert listed(reader, "/api/v1/articles/") == mine
    answers = {one.slug: reader.get(f"/api/v1/articles/{one.slug}/").status_code for one in shelf}
    assert {slug for slug, status in answers.items() if status == 200} == mine
    found = reader.get(f"/api/v1/search/?q={WORD}").json()
    assert {hit["article"]["slug"] for hit in found["hits"]} == mine
    inner = may_read(persona, shelf, section="inner")
    assert {
        one["slug"]: (one["within"], one["article_count"])
        for one in reader.get("/api/v1/sections/").json()
    } == {"rates": (None, len(mine)), "inner": ("rates", len(inner))}


@pytest.mark.parametrize("persona", READS)
def test_a_section_and_a_tag_of_hidden_articles_do_not_exist(
    reader: Client, write: Write, persona: str
) -> None:
    for access in ("customers", "staff"):
        section = Section.objects.create(slug=f"only-{access}", title_ru=f"Только {access}")
        write("Скрыто", access=access, section=section, tags=[access])
    home = reader.get("/").content.decode()
    for access in ("customers", "staff"):
        expected = 200 if access in READS[persona] else 404
        assert reader.get(f"/kb/sections/only-{access}/").status_code == expected
        assert reader.get(f"/kb/tags/{access}/").status_code == expected
        assert reader.get(f"/kb/sections/only-{access}/feed/").status_code == 404
        assert reader.get(f"/kb/tags/{access}/feed/").status_code == 404
        assert (f"Только {access}" in home) == (access in READS[persona])
    assert "only-" not in reader.get("/sitemap-1.xml").content.decode()
