"""Keeping words: every saving is a revision, and nothing that somebody typed is lost."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from kb import slugs
from kb.actions.access import can_publish, can_write
from kb.actions.record import locked, newest, put_before_readers, record
from kb.models import Article, ArticleStatus, EditLock, Revision, Section, Significance, Unsaved
from portal import html
from portal.refusals import NotAllowed, Refused

LONGEST_BODY = 1_000_000  # characters; a long article has 50,000
LONGEST_TITLE, LONGEST_SUMMARY, LONGEST_COMMENT = 250, 500, 300
LOCK_SECONDS = 120  # without a sign of life the lock is free


class NothingWritten(Refused):
    """An article needs a title and words."""

    code = "nothing_written"
    status = 400
    field = "title"
    message = _("An article needs a title and a text.")


class TooLong(Refused):
    """Nobody reads an article of a megabyte, and no page shows it quickly."""

    code = "too_long"
    status = 413
    field = "body"
    message = _("The text is too long: an article takes up to a million characters. Split it.")


class NotDescribed(Refused):
    """Whoever cannot see a picture reads what it shows."""

    code = "not_described"
    status = 400
    field = "alt"
    message = _("Say in a few words what the picture shows: some readers cannot see it.")


class FromElsewhere(Refused):
    """A picture that another site serves, or that was pasted, reaches no reader."""

    code = "from_elsewhere"
    status = 400
    field = "body"
    message = _(
        "A picture in the text was pasted or lies on another site, and readers would not see it."
        " Add it under “Pictures” instead."
    )


class SavedMeanwhile(Refused):
    """Somebody saved other words since this page was opened."""

    code = "saved_meanwhile"
    field = "body"
    message = _("Somebody saved this article meanwhile. Compare, then save once more.")


@transaction.atomic
def save(
    *,
    article: Article,
    title: str,
    summary: str,
    body: str,
    author: User | None,
    comment: str = "",
    significance: str = Significance.SMALL,
    based_on: int | None = None,
    at: datetime,
) -> Revision:
    """Keep new words as a revision; the same words make none.

    On a published article readers see them at once when the author may publish (or is an import)
    and wrote upon what readers see; otherwise they wait for somebody who may. `based_on` is the
    number of the revision that was open: with a newer one there, it is refused.
    Raises NothingWritten, TooLong, NotDescribed, FromElsewhere, SavedMeanwhile.
    """
    check_words(title=title, body=body)
    if author is not None:
        check_pictures(body)
    article = locked(article)
    before = newest(article)
    if based_on is not None and before is not None and before.number > based_on:
        raise SavedMeanwhile
    revision = _revision(article, before, title, summary, body)
    if revision is None and before is not None:
        return before
    assert revision is not None  # noqa: S101 (without a revision before, there is a new one)
    comment = html.without_control(comment)[:LONGEST_COMMENT]
    revision.comment, revision.author, revision.created_at = comment, author, at
    revision.significance = significance
    revision.save(force_insert=True)
    Unsaved.objects.filter(article=article, person=author).delete()
    if author is not None:
        record(article, "saved", actor=author, at=at, revision=revision, comment=comment)
    if _is_shown_at_once(article, before, author):
        show(article, revision, at)
    return revision


def _is_shown_at_once(article: Article, before: Revision | None, author: User | None) -> bool:
    """Whether new words need no further step.

    Words that somebody else has waiting are part of those written upon them: a slip of the pen
    that an editor mends there must not carry them past their review or their hour.
    """
    if article.status == ArticleStatus.DRAFT or author is None:
        return True
    return can_publish(author) and before == article.current_revision


def _revision(
    article: Article, before: Revision | None, title: str, summary: str, body: str
) -> Revision | None:
    """Make a revision of clean words, or nothing when they are those that stand there."""
    cleaned = html.clean(html.from_word(body))
    heading = " ".join(html.without_control(title).split())[:LONGEST_TITLE]
    lead = html.without_control(summary).strip()[:LONGEST_SUMMARY]
    if before and (before.title, before.summary, before.body) == (heading, lead, cleaned):
        return None
    return Revision(
        article=article,
        number=before.number + 1 if before else 1,
        title=heading,
        summary=lead,
        body=cleaned,
        plain=html.lines(cleaned),
    )


def check_words(*, title: str, body: str) -> None:
    """Refuse an article without a title or without words, or an endless one.

    Raises NothingWritten, TooLong.
    """
    if len(body) > LONGEST_BODY:
        raise TooLong
    if not html.without_control(title).strip() or not html.plain(html.clean(body)):
        raise NothingWritten


def check_pictures(body: str) -> None:
    """Refuse pictures that say nothing to who cannot see them, and those that no reader would see.

    Raises NotDescribed, FromElsewhere.
    """
    for address, shows in html.pictures(body):
        if not address.startswith("/") or address.startswith("//"):
            raise FromElsewhere
        if not shows:
            raise NotDescribed


def show(article: Article, revision: Revision, at: datetime) -> None:
    """Let the readers of a locked article see a revision; a slip of the pen makes it no newer."""
    if article.current_revision == revision:
        return
    fields = ["current_revision"]
    article.current_revision = revision
    if revision.significance != Significance.TYPO or article.published_at is None:
        article.updated_at = at
        fields.append("updated_at")
    article.save(update_fields=fields)
    if article.status == ArticleStatus.PUBLISHED:
        put_before_readers([article])


@transaction.atomic
def restore_revision(
    *, article: Article, number: int, actor: User, based_on: int | None, at: datetime
) -> Revision:
    """Keep old words once more, as the newest revision. Raises NotAllowed, SavedMeanwhile."""
    if not can_write(actor):
        raise NotAllowed
    old = article.revisions.get(number=number)
    return save(
        article=article,
        title=old.title,
        summary=old.summary,
        body=old.body,
        author=actor,
        comment=str(_("as in revision %(number)d") % {"number": number}),
        based_on=based_on,
        at=at,
    )


# While somebody writes.


@transaction.atomic
def keep_unsaved(
    *, article: Article, person: User, words: Mapping[str, Any], based_on: int, at: datetime
) -> EditLock:
    """Keep what is typed, for the case of a crash, and show that somebody is at it.

    Answers whose the article is now: of somebody else, if they have taken it over.
    Raises NotAllowed.
    """
    if not can_write(person):
        raise NotAllowed
    typed = {name: str(words.get(name, "")) for name in ("title", "summary", "body")}
    kept = {name: html.without_control(text)[:LONGEST_BODY] for name, text in typed.items()}
    Unsaved.objects.update_or_create(
        article=article,
        person=person,
        defaults={"words": kept, "based_on": based_on, "at": at},
    )
    return hold(article=article, person=person, at=at)


@transaction.atomic
def hold(*, article: Article, person: User, at: datetime, takes_over: bool = False) -> EditLock:
    """Say who writes an article now: whoever holds it, unless they fell silent or are taken over."""
    lock, made = (
        EditLock.objects.select_for_update(of=("self",))
        .select_related("person")
        .get_or_create(article=article, defaults={"person": person, "since": at, "seen_at": at})
    )
    if made:
        return lock
    is_silent = (at - lock.seen_at).total_seconds() > LOCK_SECONDS
    if lock.person_id == person.pk:
        lock.seen_at = at
    elif is_silent or takes_over:
        lock.person, lock.since, lock.seen_at = person, at, at
    else:
        return lock
    lock.save(update_fields=["person", "since", "seen_at"])
    return lock


def let_go(*, article: Article, person: User) -> None:
    """Stop holding an article."""
    EditLock.objects.filter(article=article, person=person).delete()


def forget_unsaved(*, article: Article, person: User) -> None:
    """Drop what was typed and not saved."""
    Unsaved.objects.filter(article=article, person=person).delete()


@transaction.atomic
def write_draft(
    *,
    actor: User,
    section: Section,
    title: str,
    body: str,
    language: str,
    comment: str,
    at: datetime,
) -> Article:
    """Begin an article that nobody reads yet. Raises NotAllowed, NothingWritten, TooLong."""
    if not can_write(actor):
        raise NotAllowed
    check_words(title=title, body=body)
    wanted = slugs.of(title)
    alike = Article.objects.filter(slug__startswith=wanted).values_list("slug", flat=True)
    given: dict[str, Any] = {
        "section": section,
        "language": language,
        "owner": actor,
        "created_at": at,
        "updated_at": at,
    }
    try:
        with transaction.atomic():
            article = Article.objects.create(slug=slugs.free(wanted, {"feed", *alike}), **given)
    except IntegrityError:
        # Race: somebody began another article of this name at the same moment.
        article = Article.objects.create(slug=f"{wanted}-{uuid4().hex[:8]}", **given)
    save(article=article, title=title, summary="", body=body, author=actor, comment=comment, at=at)
    article.refresh_from_db()
    return article
