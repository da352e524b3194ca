"""What people think of us, and what became of it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.feedback.querysets import FeedbackQuerySet


class Kind(models.TextChoices):
    """What somebody wants to say."""

    IDEA = "idea", _("Idea")
    PRAISE = "praise", _("Praise")
    COMPLAINT = "complaint", _("Complaint")


class To(models.TextChoices):
    """Who is to read it."""

    TEAM = "team", _("The team")
    HEAD = "head", _("The head of support")


class Status(models.TextChoices):
    """How far we are with it."""

    NEW = "new", _("New")
    IN_PROGRESS = "in_progress", _("In progress")
    ANSWERED = "answered", _("Answered")
    CLOSED = "closed", _("Closed")


class Source(models.TextChoices):
    """Where it was said."""

    PAGE = "page", _("Feedback page")
    ARTICLE = "article", _("Under an article")
    TICKET = "ticket", _("After a ticket")


class Feedback(models.Model):
    """One thing that one person told us, with its owner and its answer."""

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    to = models.CharField(_("to"), max_length=10, choices=To.choices)
    source = models.CharField(_("said"), max_length=10, choices=Source.choices, default=Source.PAGE)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="feedback_given",
        verbose_name=_("author"),
    )
    name = models.CharField(_("name"), max_length=150, blank=True)
    email = models.EmailField(_("e-mail for an answer"), blank=True)
    language = models.CharField(_("language"), max_length=5, default="ru")
    text = models.TextField(_("text"), max_length=10_000)
    reasons = ArrayField(
        models.CharField(max_length=30), default=list, blank=True, verbose_name=_("reasons")
    )
    # What it is about; the knowledge base and the tickets stand above this app, hence no keys.
    about_path = models.CharField(_("page"), max_length=300, blank=True)
    about_title = models.CharField(_("about"), max_length=300, blank=True)
    status = models.CharField(
        _("status"), max_length=12, choices=Status.choices, default=Status.NEW
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="feedback_owned",
        verbose_name=_("owner"),
    )
    answer = models.TextField(_("answer"), blank=True, max_length=10_000)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="feedback_answered",
        verbose_name=_("answered by"),
    )
    created_at = models.DateTimeField(_("received at"))
    # The form's own key: sent twice, it is kept once.
    form_key = models.CharField(max_length=40, unique=True, null=True, editable=False)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        permissions = [
            ("review_feedback", "Can review feedback to the team"),
            ("review_head_feedback", "Can review feedback to the head of support"),
        ]
        constraints = [
            models.CheckConstraint(
                name="answered_feedback_has_an_answer",
                condition=~Q(status="answered") | (~Q(answer="") & Q(answered_at__isnull=False)),
            )
        ]
        indexes = [
            # Read by the admin's list and its counts of what waits.
            models.Index(
                fields=["-created_at"],
                name="feedback_waiting",
                condition=Q(status__in=["new", "in_progress"]),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
