"""Sections within sections, questions, tags, and what needs care: in the browser, by keyboard, with axe."""

from datetime import date
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from accounts.models import User
from kb import actions
from kb.models import Article, Section
from tests.journeys.test_every_page import AXE_OPTIONS, GALINA, shown

# Unfold's own templates read variables that may be missing.
pytestmark = [pytest.mark.browser, pytest.mark.ignore_template_errors]
TABLE = (
    "<h2>Сроки</h2><table><thead><tr><th>Когда отменили</th><th>Вернём</th></tr></thead><tbody>"
    "<tr><td>За трое суток до заезда</td><td>100 %</td></tr><tr><td>Позже</td><td>Стоимость без"
    " первых суток</td></tr></tbody></table><h2>Шаги</h2><ol><li>Откройте бронь.</li><li>Нажмите"
    " «Вернуть».</li></ol><h2>Если не вышло</h2><p>Посмотрите <a href='/kb/nowhere/'>статью</a>.</p>"
)


@pytest.fixture
def shelves(portal: str) -> list[str]:
    """Nested sections with articles, questions and tags; the addresses to look at."""
    editor, at = User.objects.get(email=GALINA), timezone.now()
    outer = actions.keep_section(
        section=Section(
            slug="refunds", title_ru="Возвраты", title_en="Refunds", icon="card", order=9
        )
    )
    inner = actions.keep_section(
        section=Section(
            slug="refunds-by-card", title_ru="Возврат на карту", title_en="To a card", icon="card",
            description_ru="Сроки банков и что видит гость.", parent=outer,
        )
    )  # fmt: skip

    def write(title: str, body: str, **fields: Any) -> Article:
        article = Article(**fields)
        actions.keep(article=article)
        actions.save(
            article=article, title=title, summary="Коротко о главном.", body=body, author=editor,
            at=at,
        )  # fmt: skip
        return actions.publish(article=article, actor=editor, at=at)

    tags = ["возвраты", "карта"]
    write(
        "Вернуть предоплату",
        TABLE,
        slug="vernut",
        section=outer,
        tags=tags,
        checked_on=timezone.localdate(),
    )
    due = {"review_by": date(2026, 1, 9), "needs_change": "Кнопка теперь слева", "owner": editor}
    write("Срок возврата на карту", TABLE, slug="srok", section=inner, tags=tags, **due)
    for number, asked in enumerate(("Когда придут деньги?", "Кто платит комиссию?")):
        answer = "<p>Обычно за три дня, банк может держать их <b>до тридцати</b>.</p>"
        write(asked, answer, slug=f"vopros-{number}", section=outer, kind="question")
    return [
        "/", "/kb/sections/refunds/", "/kb/sections/refunds-by-card/", "/kb/questions/",
        "/kb/tags/возвраты/", "/kb/vernut/", "/kb/vopros-0/",
    ]  # fmt: skip


def test_axe_finds_nothing_and_the_policy_refuses_no_block_of_data(enter, shelves):
    axe, found, refused = Axe(), {}, []
    page = enter(viewport={"width": 1280, "height": 900})
    page.on(
        "console",
        lambda message: refused.append(message.text) if message.type == "error" else None,
    )
    page.goto("/")
    for language, theme in (("ru", "light"), ("en", "dark")):
        for path in shelves:
            shown(page, path, language, theme)
            for violation in axe.run(page, options=AXE_OPTIONS).response["violations"]:
                nodes = [node["html"][:200] for node in violation["nodes"]]
                found.setdefault(violation["id"], []).append((path, language, nodes[0]))
    assert found == {}
    assert refused == []
    page.goto("/kb/questions/")
    data = page.locator('script[type="application/ld+json"]')
    assert "FAQPage" in (data.text_content() or "")


def test_no_shelf_scrolls_sideways_at_320_pixels(enter, shelves):
    page, wide = enter(viewport={"width": 320, "height": 700}), {}
    for path in shelves:
        page.goto(path)
        width = page.evaluate("document.scrollingElement.scrollWidth")
        if width > 320:
            wide[path] = width
    assert wide == {}


def test_an_answer_opens_by_keyboard_and_without_scripts(enter, shelves):
    page = enter(java_script_enabled=False)
    page.goto("/kb/questions/")
    question = page.locator("#q-vopros-0 summary")
    answer = page.locator("#q-vopros-0 .prose")
    assert not answer.is_visible()
    question.focus()
    page.keyboard.press("Enter")
    assert answer.is_visible()


def test_a_page_that_was_read_before_comes_from_the_browser_and_its_forms_work(enter, shelves):
    page = enter()
    page.goto("/kb/vernut/")
    answers = []
    page.on("response", lambda answer: answers.append((answer.url, answer.status)))
    page.goto("/kb/questions/")
    page.goto("/kb/vernut/")
    page.locator('[data-vote] button[value="yes"]').click()
    page.locator('#helpful [role="status"]').wait_for()
    article = Article.objects.get(slug="vernut")
    assert article.current_revision.votes.get().is_helpful


def test_what_needs_care_is_confirmed_with_one_click(enter, shelves):
    page = enter(GALINA, viewport={"width": 1440, "height": 900})
    page.goto("/admin/kb/article/?waits=care")
    row = page.locator("tr", has_text="Срок возврата на карту")
    assert "Кнопка теперь слева" in (row.text_content() or "")
    row.locator('input[name="_selected_action"]').check()
    page.locator('select[name="action"]').select_option("still_true")
    page.locator('button[name="index"]').click()
    page.wait_for_load_state()
    article = Article.objects.get(slug="srok")
    assert (article.needs_change, article.checked_on) == ("", timezone.localdate())
