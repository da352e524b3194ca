"""Who may read which feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from accounts.models import User
    from portal.feedback.models import Feedback  # noqa: F401 (named in the base below)


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    """Feedback."""

    def visible_to(self, user: User) -> FeedbackQuerySet:
        """Keep what this person may review: what went to the head only with that permission."""
        if user.has_perm("feedback.review_head_feedback"):
            return self
        if user.has_perm("feedback.review_feedback"):
            return self.filter(to="team")
        return self.none()

    def waiting(self) -> FeedbackQuerySet:
        """Keep what nobody has answered or closed."""
        return self.filter(status__in=["new", "in_progress"])
