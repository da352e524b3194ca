"""RSS of articles that were updated lately."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.contrib.syndication.views import Feed
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kb.models import Article

MOST = 20


class RecentArticles(Feed):  # type: ignore[type-arg] # generic for the checker only
    """What everybody may read, the latest first, in the language of the reader."""

    def title(self) -> str:
        """Name the feed."""
        return _("Knowledge base: updated lately")

    def description(self) -> str:
        """Say what comes here."""
        return _("New and updated articles.")

    def link(self) -> str:
        """Lead to the cover."""
        return reverse("home")

    def items(self) -> Sequence[Article]:
        """Give the latest; feed readers do not sign in, so only what everybody may read."""
        visible = Article.objects.visible_to(AnonymousUser()).in_language(get_language())
        return list(visible.for_list().order_by("-updated_at", "-id")[:MOST])

    def item_title(self, item: Article) -> str:
        """Name an article."""
        return str(item)

    def item_description(self, item: Article) -> str:
        """Say what it is about."""
        return item.current_revision.summary if item.current_revision else ""

    def item_updateddate(self, item: Article) -> datetime:
        """Say when it was updated."""
        return item.updated_at

    def item_pubdate(self, item: Article) -> datetime | None:
        """Say when it came out."""
        return item.published_at
