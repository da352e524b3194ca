"""Where articles stand beside each other: addresses they had, and what they link to."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kb.models.articles import Article, Section
from kb.querysets import ArticleLinkQuerySet


class OldAddress(models.Model):
    """An address that an article or a section had; it leads to the present one."""

    slug = models.SlugField(_("address"), max_length=200)
    article = models.ForeignKey(
        Article, models.CASCADE, null=True, blank=True, related_name="old_addresses"
    )
    section = models.ForeignKey(
        Section, models.CASCADE, null=True, blank=True, related_name="old_addresses"
    )

    class Meta:
        verbose_name = _("old address")
        verbose_name_plural = _("old addresses")
        constraints = [
            models.UniqueConstraint(
                fields=["slug"],
                condition=Q(article__isnull=False),
                name="an_old_address_leads_to_one_article",
            ),
            models.UniqueConstraint(
                fields=["slug"],
                condition=Q(section__isnull=False),
                name="an_old_address_leads_to_one_section",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class ArticleLink(models.Model):
    """A link in the words that readers see: to another article, or somewhere else."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="links")
    target = models.ForeignKey(
        Article, models.CASCADE, null=True, blank=True, related_name="linked_from"
    )
    address = models.CharField(_("address"), max_length=500)
    # Empty: not looked at yet. Otherwise what is wrong, or that nothing is.
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[("ok", _("works")), ("broken", _("leads nowhere"))],
        blank=True,
    )
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)

    objects = ArticleLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("link of an article")
        verbose_name_plural = _("links of articles")
        constraints = [
            models.UniqueConstraint(
                fields=["article", "address"], name="a_link_of_an_article_is_kept_once"
            )
        ]
        indexes = [
            models.Index(fields=["id"], name="link_broken", condition=Q(state="broken")),
            # Read when an article comes out or moves: who waits for its address, or what begins so.
            models.Index(
                fields=["address"], name="link_by_address", opclasses=["varchar_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return self.address
