"""The life of an article: written, reviewed, out at its hour, moved, found wanting, mended."""

import io
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import expect

from accounts.models import Role, User
from kb import actions
from kb.models import Article, Vote
from portal.delivery.models import Delivery

pytestmark = [pytest.mark.browser, pytest.mark.ignore_template_errors]
ELENA = "elena@hotbot.example"
IVAN = "ivan@hotbot.example"


@pytest.fixture
def author(portal):
    """Ivan: he writes and submits; demo people have their second factor, so has he."""
    role = Role.objects.get(code="author")
    ivan = User.objects.create_user(
        IVAN, full_name="Иван Пишущий", position="Автор", role=role, is_staff=True
    )
    ivan.groups.add(role.group)
    return ivan


def _picture(tmp_path):
    path = tmp_path / "снимок.png"
    out = io.BytesIO()
    Image.new("RGB", (1200, 600), "teal").save(out, "PNG")
    path.write_bytes(out.getvalue())
    return path


def _type(page, html):
    """Put words into the editor as its own buttons would."""
    page.wait_for_function(
        "window.CKEDITOR && CKEDITOR.instances.id_body && CKEDITOR.instances.id_body.status === 'ready'"
    )
    # it draws its frame anew, and has the words only when that is done
    page.evaluate(
        "html => new Promise(done => CKEDITOR.instances.id_body.setData(html, {callback: done}))",
        html,
    )


def _save(page, name=""):
    page.evaluate("() => CKEDITOR.instances.id_body.updateElement()")
    with page.expect_navigation():
        page.locator(f"[name='{name or '_continue'}']").first.click()


def test_the_life_of_an_article(enter, author, tmp_path):
    article = _written(enter, tmp_path)
    _reviewed(enter, article)
    article.refresh_from_db()
    assert (article.status, article.scheduled_revision.number) == ("draft", 2)
    reader = enter()
    assert reader.goto(article.get_absolute_url()).status == 404

    assert actions.publish_due(at=article.scheduled_at) == 1
    reader.goto(article.get_absolute_url())
    expect(reader.locator(".prose table")).to_contain_text("Пенсионерам")
    image = reader.locator(".prose img")
    expect(image).to_have_attribute("alt", "Окно скидок")
    image.scroll_into_view_if_needed()  # it is loaded when it comes into sight
    assert image.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0

    old = article.get_absolute_url()
    _moved(enter, article)
    reader.goto(old)
    expect(reader).to_have_url(re.compile("/kb/vse-skidki/"))

    shown = _voted_down(reader, article)
    _mended(enter, article)
    article.refresh_from_db()
    assert article.current_revision.number > shown.number
    vote = Vote.objects.get(revision__article=article)
    assert (vote.revision, vote.reasons, vote.is_helpful) == (shown, ["missing"], False)


def _written(enter, tmp_path):
    page = enter(IVAN)
    page.goto("/admin/kb/article/add/")
    page.fill("#id_title", "Скидки для гостей")
    page.select_option("#id_section", index=1)
    _type(page, "<p>Скидка пять процентов.</p>")
    _save(page)
    article = Article.objects.get(revisions__title="Скидки для гостей")
    page.goto(f"/admin/kb/article/{article.pk}/change/")
    table = "<table><tbody><tr><td>Кому</td><td>Сколько</td></tr><tr><td>Пенсионерам</td><td>10 %</td></tr></tbody></table>"
    _type(page, f"<p>Скидка семь процентов.</p>{table}")
    page.locator("summary", has_text="Картинки").click()
    page.set_input_files("[data-picture] [name=file]", _picture(tmp_path))
    page.fill("[data-picture] [name=alt]", "Окно скидок")
    page.locator("[data-picture] button").click()
    page.wait_for_function("CKEDITOR.instances.id_body.getData().includes('.webp')")
    page.fill("#id_comment", "таблица и снимок")
    _save(page, "kb_article_submit")
    article.refresh_from_db()
    assert article.submitted_revision is not None
    return article


def _reviewed(enter, article):
    page = enter(ELENA)
    page.goto(f"/admin/kb/article/{article.pk}/differences/")
    expect(page.locator("ins", has_text="семь")).to_be_visible()
    expect(page.locator("del", has_text="пять")).to_be_visible()
    page.goto(f"/admin/kb/article/{article.pk}/review/")
    hour = (timezone.localtime() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    page.fill("#id_publish_at", hour)
    with page.expect_navigation():
        page.locator("[value=approve]").click()


def _moved(enter, article):
    page = enter(ELENA)
    page.goto(f"/admin/kb/article/{article.pk}/change/")
    page.fill("#id_slug", "vse-skidki")
    page.wait_for_function(
        "window.CKEDITOR && CKEDITOR.instances.id_body && CKEDITOR.instances.id_body.status === 'ready'"
    )
    _save(page)
    article.refresh_from_db()
    assert article.slug == "vse-skidki"


def _voted_down(reader, article):
    article.refresh_from_db()
    shown = article.current_revision
    reader.locator("#helpful [value=no]").click()
    reader.locator("#helpful [value=missing]").check()
    reader.fill("#comment", "А для детей?")
    with reader.expect_response(re.compile("/vote/")):
        reader.locator("#helpful [name=vote]").click()
    expect(reader.locator("#helpful form")).to_have_count(0)
    letter = Delivery.objects.get(letter="article_not_helped", context__title=shown.title)
    assert (letter.recipient, letter.context["text"]) == (IVAN, "А для детей?")
    return shown


def _mended(enter, article):
    page = enter(ELENA)
    page.goto(f"/admin/kb/article/{article.pk}/change/")
    _type(page, "<p>Скидка семь процентов, детям до пяти лет — бесплатно.</p>")
    _save(page)
