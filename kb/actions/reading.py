"""What readers do: vote, and read."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from kb import letters
from kb.models import Article, ReadCount, Revision, Vote
from portal import html
from portal.feedback import actions as feedback

REASON_WORDS = (
    ("missing", _("The answer is not here")),
    ("outdated", _("It is outdated")),
    ("unclear", _("It is hard to follow")),
    ("wrong", _("There is a mistake")),
)
REASONS = tuple(code for code, _words in REASON_WORDS)
LONGEST_COMMENT = 4000


@transaction.atomic
def vote(
    *,
    revision: Revision,
    voter: str,
    is_helpful: bool,
    at: datetime,
    reasons: Sequence[str] = (),
    comment: str = "",
    author: User | None = None,
    language: str = "ru",
) -> Vote:
    """Keep what one reader says of one revision; saying it anew replaces it.

    A "no" with a comment is feedback too (docs/domain.md) and goes to the team; with a comment or a
    reason it is told to whoever looks after the article, once a day.
    """
    said = html.without_control(comment).strip()[:LONGEST_COMMENT]
    known = [] if is_helpful else [reason for reason in reasons if reason in REASONS]
    kept, _made = Vote.objects.update_or_create(
        revision=revision,
        voter=voter,
        defaults={
            "is_helpful": is_helpful,
            "reasons": known,
            "comment": "" if is_helpful else said,
            "created_at": at,
        },
    )
    if said and not is_helpful:
        feedback.give(
            kind="complaint",
            to="team",
            text=said,
            reasons=known,
            author=author,
            source="article",
            about_path=revision.article.get_absolute_url(),
            about_title=revision.title,
            language=language,
            form_key=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{revision.pk}:{voter}:{said}")),
            at=at,
        )
    if not is_helpful and (said or known):
        letters.not_helped(revision, said, known, at=at)
    return kept


def count_read(*, article: Article, on: date) -> None:
    """Count that somebody stayed on an article for a while."""
    ReadCount.objects.bulk_create(
        [ReadCount(article=article, on=on, count=0)], ignore_conflicts=True
    )
    ReadCount.objects.filter(article=article, on=on).update(count=F("count") + 1)
