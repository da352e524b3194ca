"""What imports remember: which article and section came from where, with what votes; files to import."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kb.models.articles import Article, Revision, Section


class Intake(models.Model):
    """What an import last took for an article: whatever differs from it since was done here."""

    article = models.OneToOneField(Article, models.CASCADE, primary_key=True, related_name="intake")
    # The words that were taken; the counts below are of readers of the source, up to these words.
    revision = models.ForeignKey(
        Revision, models.CASCADE, related_name="intakes", verbose_name=_("revision")
    )
    place = models.JSONField(default=dict)  # section, access, tags… as they were taken
    helpful = models.PositiveIntegerField(_("said yes in the source"), default=0)
    unhelpful = models.PositiveIntegerField(_("said no in the source"), default=0)
    taken_at = models.DateTimeField(_("taken at"))

    class Meta:
        verbose_name = _("imported article")
        verbose_name_plural = _("imported articles")

    def __str__(self) -> str:
        return str(self.article_id)


class SectionIntake(models.Model):
    """Which section stands for one of a source, whatever it is called since."""

    source_key = models.CharField(max_length=300, unique=True)
    section = models.ForeignKey(Section, models.CASCADE, related_name="intakes")

    class Meta:
        verbose_name = _("imported section")
        verbose_name_plural = _("imported sections")

    def __str__(self) -> str:
        return self.source_key


class ImportFile(models.Model):
    """A file that an editor sent to be imported; its bytes lie where attachments do, by this id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("file"), max_length=120)
    size = models.PositiveBigIntegerField(_("size"))  # bytes
    format = models.CharField(_("format"), max_length=20, default="auto")
    language = models.CharField(_("language"), max_length=5, default="ru")
    is_published = models.BooleanField(_("published at once"), default=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who")
    )
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("file to import")
        verbose_name_plural = _("files to import")

    def __str__(self) -> str:
        return self.name
