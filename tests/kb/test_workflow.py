"""From draft to readers and back, and what is refused on the way."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import Role, User
from kb import actions
from kb.models import Article, EditLock, OldAddress, Section, Unsaved
from kb.search import search
from portal.delivery.models import Delivery
from portal.refusals import NotAllowed, Refused

Write = Callable[..., Article]


@pytest.fixture
def author(db: None) -> User:
    """Ivan: he writes and submits."""
    role = Role.objects.get(code="author")
    ivan = User.objects.create_user(
        "ivan@hotbot.example", full_name="Иван Пишущий", position="…", role=role, is_staff=True
    )
    ivan.groups.add(role.group)
    return ivan


@pytest.fixture
def draft(write: Write, author: User, at: datetime) -> Article:
    """A draft of ivan's."""
    article = write("Черновик", is_published=False)
    actions.save(
        article=article,
        title="Овербукинг",
        summary="",
        body="<p>Как быть.</p>",
        author=author,
        at=at,
    )
    article.refresh_from_db()
    return article


def codes(article: Article) -> list[str]:
    return list(article.events.order_by("id").values_list("code", flat=True))


def finds(query: str) -> bool:
    return bool(search(query=query, user=AnonymousUser(), language="ru").hits)


def test_what_was_submitted_is_published_by_somebody_else(
    draft: Article, author: User, elena: User, at: datetime
) -> None:
    actions.submit(article=draft, actor=author, at=at, comment="готово")
    assert not finds("овербукинг")
    actions.approve(article=draft, actor=elena, at=at)
    draft.refresh_from_db()

    assert (draft.status, draft.submitted_revision) == ("published", None)
    assert finds("овербукинг")
    assert codes(draft)[-2:] == ["submitted", "approved"]


def test_nobody_reviews_their_own_words(draft: Article, elena: User, at: datetime) -> None:
    actions.save(article=draft, title="Моё", summary="", body="<p>Я</p>", author=elena, at=at)
    actions.submit(article=draft, actor=elena, at=at)
    with pytest.raises(actions.OwnWords):
        actions.approve(article=draft, actor=elena, at=at)


def test_an_author_decides_nothing(draft: Article, author: User, at: datetime) -> None:
    actions.submit(article=draft, actor=author, at=at)
    for act in (actions.approve, actions.publish, actions.archive, actions.unpublish):
        with pytest.raises(NotAllowed):
            act(article=draft, actor=author, at=at)


def test_what_is_sent_back_comes_with_a_reason_and_a_letter(
    draft: Article, author: User, elena: User, at: datetime
) -> None:
    actions.submit(article=draft, actor=author, at=at)
    with pytest.raises(Refused, match=r"\w"):
        actions.send_back(article=draft, actor=elena, at=at, comment=" ")
    actions.send_back(article=draft, actor=elena, at=at, comment="Добавьте снимок")
    draft.refresh_from_db()

    assert draft.submitted_revision is None
    letter = Delivery.objects.get(letter="article_sent_back")
    assert (letter.recipient, letter.context["text"]) == (author.email, "Добавьте снимок")
    with pytest.raises(actions.NotSubmitted):
        actions.approve(article=draft, actor=elena, at=at)


def test_the_same_words_are_not_submitted_for_those_readers_see(
    write: Write, elena: User, at: datetime
) -> None:
    with pytest.raises(actions.NothingToReview):
        actions.submit(article=write("Тариф"), actor=elena, at=at)


def test_what_is_scheduled_comes_out_at_its_hour_and_once(
    draft: Article, author: User, elena: User, at: datetime
) -> None:
    hour = at + timedelta(hours=3)
    actions.submit(article=draft, actor=author, at=at)
    actions.approve(article=draft, actor=elena, at=at, publish_at=hour)
    assert actions.publish_due(at=hour - timedelta(minutes=1)) == 0
    assert not finds("овербукинг")
    assert actions.publish_due(at=hour) == 1
    assert actions.publish_due(at=hour) == 0
    draft.refresh_from_db()

    assert (draft.status, draft.scheduled_at, draft.published_at) == ("published", None, hour)
    assert finds("овербукинг")
    assert codes(draft).count("came_out") == 1


def test_later_words_do_not_slip_into_what_was_scheduled(
    draft: Article, author: User, elena: User, at: datetime
) -> None:
    hour = at + timedelta(hours=3)
    actions.schedule(article=draft, actor=elena, publish_at=hour, at=at)
    actions.save(
        article=draft, title="Позже", summary="", body="<p>Сырое</p>", author=author, at=at
    )
    actions.publish_due(at=hour)
    draft.refresh_from_db()

    assert str(draft) == "Овербукинг"


def test_the_past_is_no_hour(draft: Article, elena: User, at: datetime) -> None:
    with pytest.raises(actions.PastHour):
        actions.schedule(article=draft, actor=elena, publish_at=at, at=at)


def test_an_archived_article_leaves_search_and_comes_back_as_a_draft(
    write: Write, elena: User, at: datetime
) -> None:
    article = write("Овербукинг")
    actions.archive(article=article, actor=elena, at=at, comment="устарело")
    assert not finds("овербукинг")
    with pytest.raises(Refused):
        actions.publish(article=article, actor=elena, at=at)
    actions.restore(article=article, actor=elena, at=at)
    article.refresh_from_db()
    assert article.status == "draft"
    with pytest.raises(Refused):
        actions.restore(article=article, actor=elena, at=at)


def test_readers_of_an_archived_article_are_led_on(
    client, write: Write, elena: User, at: datetime
) -> None:
    article = write("Овербукинг")
    actions.archive(article=article, actor=elena, at=at)
    answer = client.get(article.get_absolute_url())

    assert answer.status_code == 410
    assert "Овербукинг" in answer.content.decode()


def test_a_second_saving_does_not_write_over_the_first(
    draft: Article, author: User, elena: User, at: datetime
) -> None:
    opened = draft.revisions.count()
    actions.save(
        article=draft,
        title="Её",
        summary="",
        body="<p>Её</p>",
        author=elena,
        based_on=opened,
        at=at,
    )
    with pytest.raises(actions.SavedMeanwhile):
        actions.save(
            article=draft,
            title="Его",
            summary="",
            body="<p>Его</p>",
            author=author,
            based_on=opened,
            at=at,
        )
    assert not draft.revisions.filter(title="Его").exists()


def test_a_slip_of_the_pen_makes_an_article_no_newer(
    write: Write, elena: User, at: datetime
) -> None:
    article = write("Скитка", "<p>Текст</p>")
    later = at + timedelta(days=1)
    actions.save(
        article=article,
        title="Скидка",
        summary="",
        body="<p>Текст</p>",
        author=elena,
        significance="typo",
        at=later,
    )
    article.refresh_from_db()

    assert (str(article), article.updated_at) == ("Скидка", at)
    actions.save(
        article=article,
        title="Скидка",
        summary="",
        body="<p>Иначе</p>",
        author=elena,
        significance="major",
        at=later,
    )
    article.refresh_from_db()
    assert article.updated_at == later


def test_old_words_are_restored_as_new_ones(write: Write, elena: User, at: datetime) -> None:
    article = write("Первое")
    actions.save(article=article, title="Второе", summary="", body="<p>2</p>", author=elena, at=at)
    actions.restore_revision(article=article, number=1, actor=elena, based_on=2, at=at)
    article.refresh_from_db()

    assert [one.title for one in article.revisions.order_by("number")] == [
        "Первое",
        "Второе",
        "Первое",
    ]
    assert str(article) == "Первое"


def test_an_endless_article_is_refused_with_the_reason(
    draft: Article, elena: User, at: datetime
) -> None:
    with pytest.raises(actions.TooLong):
        actions.save(
            article=draft,
            title="Т",
            summary="",
            body="<p>" + "а" * 5_000_000 + "</p>",
            author=elena,
            at=at,
        )


def test_an_article_is_held_by_who_writes_until_taken_over_or_silent(
    draft: Article, author: User, elena: User, at: datetime
) -> None:
    assert actions.hold(article=draft, person=author, at=at).person == author
    assert actions.hold(article=draft, person=elena, at=at).person == author
    assert actions.hold(article=draft, person=elena, at=at, takes_over=True).person == elena
    told = actions.keep_unsaved(
        article=draft, person=author, words={"title": "Я тоже"}, based_on=1, at=at
    )
    assert told.person == elena
    assert actions.hold(article=draft, person=author, at=at + timedelta(minutes=3)).person == author
    actions.let_go(article=draft, person=author)
    assert not EditLock.objects.exists()


def test_what_was_typed_is_kept_until_it_is_saved(
    client, draft: Article, author: User, at: datetime
) -> None:
    actions.keep_unsaved(
        article=draft,
        person=author,
        words={"title": "Т", "body": "<p>Не сохранено</p>"},
        based_on=2,
        at=at,
    )
    assert "Не сохранено" not in client.get(draft.get_absolute_url()).content.decode()
    assert Unsaved.objects.get().words["body"] == "<p>Не сохранено</p>"
    actions.save(
        article=draft, title="Т", summary="", body="<p>Сохранено</p>", author=author, at=at
    )
    assert not Unsaved.objects.exists()


def test_an_old_address_leads_to_the_new_one(client, write: Write) -> None:
    article = write("Тарифы", slug="old")
    article.slug = "new"
    actions.keep(article=article)
    answer = client.get("/kb/old/")

    assert (answer.status_code, answer.url) == (301, "/kb/new/")
    article.slug = "old"
    actions.keep(article=article)
    assert client.get("/kb/old/").status_code == 200
    assert client.get("/kb/new/").url == "/kb/old/"
    assert OldAddress.objects.count() == 1


def test_an_old_address_of_what_is_hidden_leads_nowhere(client, write: Write) -> None:
    article = write("Тарифы", slug="old", access="customers")
    article.slug = "new"
    actions.keep(article=article)
    assert client.get("/kb/old/").status_code == 404


def test_sections_stand_in_no_circle_and_not_too_deep(rates: Section, payments: Section) -> None:
    payments.parent = rates
    actions.keep_section(section=payments)
    rates.parent = payments
    with pytest.raises(Refused):
        actions.keep_section(section=rates)
    below = payments
    for number in range(2):
        below = actions.keep_section(section=Section(slug=f"s{number}", title_ru="…", parent=below))
    with pytest.raises(Refused):
        actions.keep_section(section=Section(slug="deep", title_ru="…", parent=below))


def test_a_section_shows_what_stands_within_it_and_its_path(
    client, write: Write, rates: Section, payments: Section
) -> None:
    payments.parent = rates
    actions.keep_section(section=payments)
    write("Чеки", section=payments)
    page = client.get(rates.get_absolute_url()).content.decode()
    assert payments.get_absolute_url() in page
    inner = client.get(payments.get_absolute_url()).content.decode()
    assert rates.get_absolute_url() in inner
    assert "Чеки" in inner


def test_questions_stand_open_in_their_section(client, write: Write, rates: Section) -> None:
    question = write("Как отменить бронь?", "<p>Нажмите «Отменить».</p>", kind="question")
    page = client.get(rates.get_absolute_url()).content.decode()
    assert "Нажмите «Отменить»." in page
    assert client.get(question.get_absolute_url()).status_code == 200


def test_a_tag_leads_to_its_articles(client, write: Write) -> None:
    write("Скидки", tags=["акции"])
    assert "Скидки" in client.get("/kb/tags/акции/").content.decode()
    assert client.get("/kb/tags/нет/").status_code == 404


def test_links_are_kept_and_broken_ones_are_known(write: Write, elena: User, at: datetime) -> None:
    target = write("Куда", slug="there")
    article = write("Откуда", '<p><a href="/kb/there/">там</a> <a href="/kb/nowhere/">нет</a></p>')
    assert {link.address: link.state for link in article.links.all()} == {
        "/kb/there/": "ok",
        "/kb/nowhere/": "broken",
    }
    actions.archive(article=target, actor=elena, at=at)
    assert article.links.get(address="/kb/there/").state == "broken"
    write("Нашлось", slug="nowhere")
    assert article.links.get(address="/kb/nowhere/").state == "ok"


def test_the_staff_says_what_should_change_and_what_is_still_true(
    write: Write, sergey: User, anna: User, elena: User, at: datetime
) -> None:
    article = write("Тарифы")
    with pytest.raises(NotAllowed):
        actions.flag(article=article, actor=anna, comment="не так", at=at)
    with pytest.raises(Refused):
        actions.flag(article=article, actor=sergey, comment=" ", at=at)
    actions.flag(article=article, actor=sergey, comment="Кнопка теперь слева", at=at)
    article.refresh_from_db()
    assert article.needs_change == "Кнопка теперь слева"
    actions.confirm(article=article, actor=elena, on=at.date(), at=at)
    article.refresh_from_db()
    assert (article.needs_change, article.checked_on) == ("", at.date())
    assert article.review_by == actions.next_review(at.date())


def test_a_no_is_told_to_who_looks_after_the_article_once_a_day(
    write: Write, elena: User, at: datetime
) -> None:
    article = write("Тарифы")
    for number in range(2):
        actions.vote(
            revision=article.current_revision,
            voter=f"v{number}",
            is_helpful=False,
            reasons=["unclear"],
            comment="Не понял",
            at=at,
        )
    letter = Delivery.objects.get(letter="article_not_helped")
    assert (letter.recipient, letter.context["reasons"]) == (elena.email, ["unclear"])


def test_a_slip_mended_by_an_editor_carries_no_waiting_words_past_their_review(
    write: Write, author: User, elena: User, at: datetime
) -> None:
    article = write("Старые слова")
    actions.save(
        article=article, title="Новые слова", summary="", body="<p>Я</p>", author=author, at=at
    )
    actions.submit(article=article, actor=author, at=at)
    actions.save(
        article=article, title="Новые слова!", summary="", body="<p>Я</p>", author=elena, at=at
    )
    article.refresh_from_db()
    assert str(article) == "Старые слова"
    actions.publish(article=article, actor=elena, at=at)
    article.refresh_from_db()
    assert (str(article), article.submitted_revision) == ("Новые слова!", None)


def test_what_is_taken_back_does_not_come_out_by_itself(
    write: Write, author: User, elena: User, at: datetime
) -> None:
    article, hour = write("Старые слова"), at + timedelta(hours=1)
    actions.save(
        article=article, title="Новые слова", summary="", body="<p>Я</p>", author=author, at=at
    )
    actions.schedule(article=article, actor=elena, publish_at=hour, at=at)
    actions.unpublish(article=article, actor=elena, at=at)
    assert actions.publish_due(at=hour) == 0
    article.refresh_from_db()
    assert article.status == "draft"


@pytest.mark.parametrize(
    ("picture", "refusal"),
    [
        ('<img src="/kb/pictures/a/480.webp">', actions.NotDescribed),
        ('<img src="/kb/pictures/a/480.webp" alt=" ">', actions.NotDescribed),
        ('<img src="https://x.example/a.png" alt="Окно">', actions.FromElsewhere),
        ('<img src="//x.example/a.png" alt="Окно">', actions.FromElsewhere),
        ('<img src="data:image/png;base64,AAAA" alt="Окно">', actions.FromElsewhere),
    ],
)
def test_a_picture_that_some_reader_could_not_take_in_is_refused(
    draft: Article, elena: User, at: datetime, picture: str, refusal: type[Refused]
) -> None:
    before = draft.revisions.count()
    with pytest.raises(refusal):
        actions.save(
            article=draft, title="Т", summary="", body=f"<p>Т{picture}</p>", author=elena, at=at
        )
    assert draft.revisions.count() == before
