"""The form of the feedback page."""

import uuid
from typing import Any

from django import forms
from django.core.signing import BadSignature, Signer, TimestampSigner
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.feedback.actions import LONGEST, NothingSaid, TooLong
from portal.feedback.models import Kind, To

LIVES = 24 * 3600  # seconds for which an opened form may be sent
_signer = TimestampSigner(salt="feedback")
_about = Signer(salt="feedback.about")


def new_key() -> str:
    """Make the key of a form: it proves that our page was opened, and when; it works once."""
    return _signer.sign(uuid.uuid4().hex)


def sign_about(*, person: User, path: str, title: str) -> str:
    """Sign what a person may write about, as a page above this app has checked."""
    return _about.sign_object({"person": person.pk, "path": path, "title": title})


def read_about(signed: str, person: User | None) -> tuple[str, str]:
    """Give path and title of what was signed for this very person; nothing for anybody else."""
    try:
        said = _about.unsign_object(signed)
    except BadSignature:
        return "", ""
    if person is None or said["person"] != person.pk:
        return "", ""
    return said["path"], said["title"]


class FeedbackForm(forms.Form):
    """What somebody wants to say, to whom, and where an answer may go."""

    kind = forms.ChoiceField(label=_("What is it"), choices=Kind.choices)
    to = forms.ChoiceField(label=_("To whom"), choices=To.choices)
    text = forms.CharField(
        label=_("Your story"),
        max_length=LONGEST,
        help_text=_(
            "What you did, what you expected, what came of it. Two sentences are fine too."
        ),
        widget=forms.Textarea({"rows": 7}),
        error_messages={"required": NothingSaid.message, "max_length": TooLong.message},
    )
    email = forms.EmailField(
        label=_("E-mail for the answer"),
        required=False,
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    is_anonymous = forms.BooleanField(
        label=_("Send without a name"),
        required=False,
        help_text=_("We keep neither your e-mail nor your account. Then we cannot answer."),
    )
    about_path = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
    about_title = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
    # What this is about where a page has signed it: a ticket, for instance.
    of = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)
    form_key = forms.CharField(required=False, widget=forms.HiddenInput)
    # A trap: people do not see it, robots fill it in.
    website = forms.CharField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["form_key"].initial = new_key

    def clean_about_path(self) -> str:
        """Keep only an address of this portal, and of no ticket: those are signed."""
        path = str(self.cleaned_data["about_path"])
        is_ours = path.startswith("/") and not path.startswith("//")
        tickets = (reverse("cabinet:list"), reverse("desk:queue"))
        return path if is_ours and not path.startswith(tickets) else ""

    def clean_form_key(self) -> str:
        """Take the key off its signature; a form that is too old, or not ours, gets a new one."""
        try:
            return _signer.unsign(self.cleaned_data["form_key"], max_age=LIVES)
        except BadSignature:
            self.data = {**dict(self.data.items()), "form_key": new_key()}
            message = _("This page was open for too long. Your words are here: send them again.")
            raise forms.ValidationError(message) from None

    @property
    def is_robot(self) -> bool:
        """Whether the trap was filled in."""
        return bool(self.cleaned_data.get("website"))

    @property
    def problems(self) -> list[str]:
        """List what is wrong with the form as a whole or with a field that nobody sees."""
        hidden = [error for field in self.hidden_fields() for error in field.errors]
        return [*self.non_field_errors(), *map(str, hidden)]
