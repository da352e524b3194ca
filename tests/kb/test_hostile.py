"""What is hostile in the words of an article: nothing runs in any page, and nothing breaks."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from kb import actions
from kb.models import Article
from tests.portal.test_html import SHARED, scheme_of

Write = Callable[..., Article]
SignIn = Callable[[User | None], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]
PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1) alt=x>',
    "</textarea><script>alert(1)</script>",
    "</title></script><svg/onload=alert(1)>",
    "<a href='java\tscript:alert(1)'>да</a>",
    "{{ 7|add:7 }}{% debug %}${7*7}",
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<p hx-get=/x onclick=alert(1) class='kb-act'>да</p>",
    "\u202eперевёрнуто\x00\ud800 <b",
    "' OR 1=1 --",
    "̨̧̛̗̘" * 50,
]
SAFE = {"", "http", "https", "mailto", "tel", "data", "blob"}


class Running(HTMLParser):
    """Collects whatever a browser would run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        source, kind = given.get("src", ""), given.get("type", "")
        is_ours = source.startswith("/static/") or source == "/admin/jsi18n/"
        is_script = tag == "script" and not is_ours and "json" not in kind
        is_embedded = tag in {"object", "embed", "iframe", "base"}
        has_handler = any(name.startswith(("on", "hx-on")) for name in given)
        leads = [given.get(name, "") for name in ("href", "src", "action", "formaction", "srcdoc")]
        if is_script or is_embedded or has_handler or any(map(_runs, leads)):
            self.found.append((tag, given))


def _runs(address: str) -> bool:
    is_document = address.lower().startswith("data:") and not address.startswith("data:image/")
    return is_document or scheme_of(address) not in SAFE


def assert_nothing_runs(answer: Any) -> None:
    assert answer.status_code == 200
    seen = Running()
    seen.feed(answer.content.decode())
    seen.close()
    assert seen.found == []


def written(article: Article, payload: str, author: User, at: datetime) -> bool:
    """Put it everywhere an author may write; False where it is refused with a reason."""
    words = {"title": f"Слово {payload}", "summary": payload, "body": f"<p>Слова</p>{payload}"}
    try:
        actions.save(article=article, comment=payload, author=author, at=at, **words)
    except (actions.NotDescribed, actions.FromElsewhere):  # its pictures
        return False
    return True


def pages_of_staff(article: Article) -> Iterator[str]:
    for name in ("change", "diff", "review", "preview"):
        yield reverse(f"admin:kb_article_{name}", args=[article.pk])
    yield "/admin/kb/article/"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_hostile_runs_for_readers_nor_for_those_who_write(
    payload: str, client: Client, sign_in: SignIn, write: Write, elena: User, at: datetime
) -> None:
    article = write("Скидки")
    written(article, payload, elena, at)
    actions.submit(article=write("Другая", is_published=False), actor=elena, at=at, comment=payload)
    assert_nothing_runs(client.get(article.get_absolute_url()))
    editor = sign_in(elena)
    actions.keep_unsaved(
        article=article, person=elena, words={"title": payload, "body": payload}, based_on=1, at=at
    )
    for address in pages_of_staff(article):
        assert_nothing_runs(editor.get(address))


@pytest.mark.parametrize(
    "name", ["owasp_xss_filter_evasion.json", "bleach_pairs.json", "blns.json"]
)
def test_nothing_of_the_lists_of_others_runs_for_readers(
    name: str, client: Client, write: Write, elena: User, at: datetime
) -> None:
    path = SHARED / "hostile" / name
    if not path.exists():
        pytest.skip(f"{name} is not here; SHARED_DATA names its folder")
    article = write("Скидки")
    kept = 0
    for one in json.loads(path.read_text()):
        if written(article, one if isinstance(one, str) else one["payload"], elena, at):
            kept += 1
            assert_nothing_runs(client.get(article.get_absolute_url()))
    assert kept


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "1e3", "x", ""])
def test_a_number_that_is_none_breaks_no_page(
    number: str, sign_in: SignIn, write: Write, elena: User
) -> None:
    article, editor = write("Скидки"), sign_in(elena)

    def page(name: str) -> str:
        return reverse(f"admin:kb_article_{name}", args=[article.pk])

    assert editor.get(page("preview"), {"revision": number}).status_code == 200
    assert editor.get(page("diff"), {"a": number, "b": number}).status_code == 200
    assert editor.post(page("words"), {"number": number}).status_code == 302
    kept = {"title": "Т", "body": "<p>Т</p>", "based_on": number}
    assert editor.post(page("typed"), kept).status_code == 200
    assert (
        editor.post(page("typed"), {**kept, "title": "Т\x00", "based_on": "1"}).status_code == 200
    )
    assert article.revisions.count() == 1


def test_an_address_of_no_article_is_not_found(sign_in: SignIn, elena: User) -> None:
    for number in ("²", "999999999", "9" * 30):
        answer = sign_in(elena).get(f"/admin/kb/article/{number}/change/")
        assert answer.status_code in {302, 404}
