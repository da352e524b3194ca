"""Saved views of the queue: kept under a name, shared with the desk, renamed, taken away."""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal import html
from portal.refusals import NotAllowed, Refused
from tickets import access, filters
from tickets.models import SavedView

MOST_VIEWS = 20
LONGEST_NAME = 60
SORT = "sort"  # kept beside the filters: the order of the view


class NameMissing(Refused):
    """A view has a name."""

    code = "name_missing"
    status = 400
    field = "name"
    message = _("Give the view a name.")


class NameTaken(Refused):
    """This person has a view of that name."""

    code = "name_taken"
    field = "name"
    message = _("You have a view of this name already.")


class NothingFiltered(Refused):
    """A view without a filter is the whole queue."""

    code = "nothing_filtered"
    status = 400
    message = _("Choose a filter first: without one the view would hold everything.")


class UnknownFilter(Refused):
    """There is no such filter, or it has no such value."""

    code = "unknown_filter"
    status = 400
    message = _("This view asks for something that the queue does not know.")


class TooManyViews(Refused):
    """So many views help nobody."""

    code = "too_many_views"
    message = _("You have 20 views already. Delete one that you no longer use.")


@transaction.atomic
def save_view(
    *, owner: User, name: str, kept: Mapping[str, str], at: datetime, is_shared: bool = False
) -> SavedView:
    """Keep filters under a name.

    Raises NotAllowed, NameMissing, NameTaken, NothingFiltered, UnknownFilter, TooManyViews.
    """
    if not owner.works_desk:
        raise NotAllowed
    _refuse_filters(kept)
    # Race: two windows of one person would both count 19.
    User.objects.select_for_update().get(pk=owner.pk)
    if SavedView.objects.filter(owner=owner).count() >= MOST_VIEWS:
        raise TooManyViews
    view = SavedView(owner=owner, filters=dict(kept), is_shared=is_shared, created_at=at)
    return _named(view, name)


@transaction.atomic
def rename_view(*, view: SavedView, actor: User, name: str) -> SavedView:
    """Give a view another name. Raises NotAllowed, NameMissing, NameTaken."""
    return _named(_locked(view, actor), name)


@transaction.atomic
def share_view(*, view: SavedView, actor: User, is_shared: bool) -> SavedView:
    """Show a view to the whole desk, or to its owner alone again. Raises NotAllowed."""
    view = _locked(view, actor)
    view.is_shared = is_shared
    view.save(update_fields=["is_shared"])
    return view


@transaction.atomic
def delete_view(*, view: SavedView, actor: User) -> None:
    """Take a view away: the owner, or the head of support a shared one. Raises NotAllowed.

    Deleting twice changes nothing.
    """
    found = SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if found is None:
        return
    if not access.can_delete_view(actor, found):
        raise NotAllowed
    found.delete()


def _locked(view: SavedView, actor: User) -> SavedView:
    found = SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if found is None or not access.can_change_view(actor, found):
        raise NotAllowed
    return found


def _refuse_filters(kept: Mapping[str, str]) -> None:
    asked = {code: value for code, value in kept.items() if code != SORT}
    if not asked:
        raise NothingFiltered
    if filters.unknown(asked) or kept.get(SORT, filters.SORTS[0]) not in filters.SORTS:
        raise UnknownFilter


def _named(view: SavedView, name: str) -> SavedView:
    view.name = html.without_control(name).strip()[:LONGEST_NAME].strip()
    if not view.name:
        raise NameMissing
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise NameTaken from None
    return view
