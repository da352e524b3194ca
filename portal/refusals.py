"""The root of all refusals: an action that will not be done, with words for whoever asked."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """An action refuses. Subclasses live beside the action and say the fact in their name.

    `message` is for people; `code` is for programs; `field` names the input at fault, if one is.
    """

    code = "refused"
    status = 409  # the answer of the API
    message: str | Promise = ""
    field = ""

    def __init__(self, message: str | Promise = "") -> None:
        if message:
            self.message = message
        super().__init__(str(self.message))


class NotAllowed(Refused):
    """This person may not do this; what they may not even see is a 404 instead."""

    code = "not_allowed"
    status = 403
    message = _("Your role does not allow this.")
