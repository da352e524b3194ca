"""What can be done to articles, and what is refused."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, Group

from accounts.models import User
from kb import actions
from kb.models import Article, ReadCount, Section, Vote
from kb.search import search
from portal.feedback.models import Feedback
from portal.refusals import NotAllowed

Write = Callable[..., Article]


@pytest.fixture
def author(elena: User) -> User:
    """Elena when she may write but not publish."""
    group = Group.objects.create(name="authors")
    group.permissions.set(
        [one for one in elena.groups.get().permissions.all() if one.codename != "publish_article"]
    )
    elena.groups.set([group])
    return User.objects.get(pk=elena.pk)


def save(article: Article, author: User | None, at: datetime, **words: str) -> None:
    words = {"title": "Заголовок", "summary": "", "body": "<p>Слова</p>", **words}
    actions.save(article=article, author=author, at=at, **words)


def test_each_saving_is_a_revision_and_the_newest_is_shown(
    write: Write, elena: User, at: datetime
) -> None:
    article = write("Первый")
    save(article, elena, at, title="Второй")
    article.refresh_from_db()
    assert [one.title for one in article.revisions.order_by("number")] == ["Первый", "Второй"]
    assert str(article) == "Второй"


def test_the_same_words_make_no_revision(write: Write, elena: User, at: datetime) -> None:
    article = write("Скидки", "<p>Как есть</p>")
    save(article, elena, at, title="Скидки", body="<p>Как есть</p>")
    assert article.revisions.count() == 1


def test_dirty_html_is_saved_clean(write: Write) -> None:
    article = write("Скидки", '<p onclick="x()">Да<script>alert(1)</script></p>')
    assert article.current_revision is not None
    assert article.current_revision.body == "<p>Да</p>"


@pytest.mark.parametrize(
    ("title", "body"), [("", "<p>Слова</p>"), ("Название", "<p> </p>"), ("\x00", "a")]
)
def test_an_article_needs_a_title_and_words(
    write: Write, elena: User, at: datetime, title: str, body: str
) -> None:
    article = write("Скидки")
    with pytest.raises(actions.NothingWritten):
        save(article, elena, at, title=title, body=body)
    assert article.revisions.count() == 1


def test_who_may_not_publish_cannot_publish_nor_take_back(
    write: Write, author: User, at: datetime
) -> None:
    draft, shown = write("Черновик", is_published=False), write("Статья", is_published=False)
    Article.objects.filter(pk=shown.pk).update(status="published", published_at=at)
    with pytest.raises(NotAllowed):
        actions.publish(article=draft, actor=author, at=at)
    with pytest.raises(NotAllowed):
        actions.unpublish(article=shown, actor=author, at=at)


@pytest.mark.usefixtures("write")
def test_new_words_of_who_may_not_publish_wait_for_an_editor(
    write: Write, elena: User, at: datetime
) -> None:
    article = write("Старые слова")
    elena.groups.clear()
    save(article, User.objects.get(pk=elena.pk), at, title="Новые слова")
    article.refresh_from_db()
    assert str(article) == "Старые слова"


def test_publishing_shows_the_newest_words(
    write: Write, elena: User, galina: User, admin: User, at: datetime
) -> None:
    article = write("Старые слова")
    elena.groups.clear()
    save(article, User.objects.get(pk=elena.pk), at, title="Новые слова")
    actions.publish(article=article, actor=admin, at=at)
    article.refresh_from_db()
    assert str(article) == "Новые слова"


def test_an_article_without_words_cannot_be_published(
    rates: Section, elena: User, at: datetime
) -> None:
    empty = Article.objects.create(section=rates, slug="empty")
    with pytest.raises(actions.NotWritten):
        actions.publish(article=empty, actor=elena, at=at)


def test_taking_an_article_back_hides_it_from_search_at_once(
    write: Write, elena: User, at: datetime
) -> None:
    article = write("Овербукинг")
    actions.unpublish(article=article, actor=elena, at=at)
    assert not search(query="овербукинг", user=AnonymousUser(), language="ru").hits


def test_a_reader_votes_once_a_revision_and_may_change_their_mind(
    write: Write, at: datetime
) -> None:
    revision = write("Скидки").current_revision
    assert revision is not None
    actions.vote(revision=revision, voter="a", is_helpful=False, reasons=["wrong"], at=at)
    actions.vote(revision=revision, voter="a", is_helpful=True, at=at)
    actions.vote(revision=revision, voter="b", is_helpful=True, at=at)
    assert [(one.voter, one.is_helpful, one.reasons) for one in Vote.objects.order_by("voter")] == [
        ("a", True, []),
        ("b", True, []),
    ]


def test_unknown_reasons_are_dropped(write: Write, at: datetime) -> None:
    revision = write("Скидки").current_revision
    assert revision is not None
    kept = actions.vote(
        revision=revision, voter="a", is_helpful=False, reasons=["wrong", "<x>"], at=at
    )
    assert kept.reasons == ["wrong"]


def test_a_no_with_a_comment_is_feedback_to_the_team_and_only_once(
    write: Write, anna: User, at: datetime
) -> None:
    article = write("Скидки")
    assert article.current_revision is not None
    for _time in range(2):
        actions.vote(
            revision=article.current_revision,
            voter="a",
            is_helpful=False,
            comment="Не сказано, где кнопка",
            author=anna,
            at=at,
        )
    given = Feedback.objects.get()
    assert (given.to, given.source, given.author, given.text) == (
        "team",
        "article",
        anna,
        "Не сказано, где кнопка",
    )
    assert given.about_path == article.get_absolute_url()


def test_a_yes_is_no_feedback(write: Write, at: datetime) -> None:
    revision = write("Скидки").current_revision
    assert revision is not None
    actions.vote(revision=revision, voter="a", is_helpful=True, comment="Спасибо", at=at)
    assert not Feedback.objects.exists()


def test_readings_are_counted_by_day(write: Write, at: datetime) -> None:
    article = write("Скидки")
    for day in (at.date(), at.date(), at.date() - timedelta(days=1)):
        actions.count_read(article=article, on=day)
    assert sorted(ReadCount.objects.values_list("count", flat=True)) == [1, 2]
