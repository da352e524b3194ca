"""One function per letter about feedback; its name is the name of the letter's template."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from portal.delivery import outbox
from portal.feedback.models import Feedback, To
from portal.support.models import Brand

QUOTED = 5000  # characters that a letter repeats


def feedback_received(given: Feedback, *, at: datetime) -> None:
    """Bring feedback to its addressee: the team, or the head of support."""
    brand = Brand.objects.get(pk=1)
    outbox.write(
        letter="feedback_received",
        recipient=brand.head_email if given.to == To.HEAD else brand.team_email,
        language=settings.LANGUAGE_CODE,
        context={
            "kind": given.kind,
            "to": given.to,
            "text": given.text[:QUOTED],
            "author": given.name,
            "about_title": given.about_title,
            "about_url": settings.SITE_URL + given.about_path if given.about_path else "",
            "url": settings.SITE_URL + reverse("admin:feedback_feedback_change", args=[given.pk]),
            "created_at": at.isoformat(),
        },
        dedupe_key=f"feedback:{given.pk}:received",
        reply_to=given.email,
        at=at,
    )


def feedback_thanks(given: Feedback, *, at: datetime) -> None:
    """Thank a signed-in author; strangers' addresses get no letter that they did not ask for."""
    if given.author is None:
        return
    outbox.write(
        letter="feedback_thanks",
        recipient=given.author.email,
        language=given.author.language,
        context={
            "name": given.author.get_short_name(),
            "text": given.text[:QUOTED],
            "kind": given.kind,
            "to": given.to,
        },
        dedupe_key=f"feedback:{given.pk}:thanks",
        ordering_key=f"feedback:{given.pk}",
        at=at,
    )


def feedback_answered(given: Feedback, *, at: datetime) -> None:
    """Send the answer to the author."""
    outbox.write(
        letter="feedback_answered",
        recipient=given.email,
        language=given.author.language if given.author else given.language,
        context={
            "name": given.name.split(" ")[0] if given.name else "",
            "text": given.text[:QUOTED],
            "answer": given.answer,
            "answered_by": given.answered_by.full_name if given.answered_by else "",
        },
        dedupe_key=f"feedback:{given.pk}:answered",
        ordering_key=f"feedback:{given.pk}",
        at=at,
    )
