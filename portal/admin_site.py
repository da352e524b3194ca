"""The site of the admin: Unfold's, with a list of all models that is worked out only where it is shown."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite


class AdminSite(UnfoldAdminSite):
    """Unfold's site; its pages show our menu by task, and all models only in the search."""

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Give the list of all models this person may see, once somebody reads it.

        Django works it out twice for the first page, with four permissions a model.
        """
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))
