"""The form of the feedback page."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.feedback.actions import LONGEST
from portal.feedback.models import Kind, To


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
    )
    email = forms.EmailField(
        label=_("E-mail, if you want an answer"),
        required=False,
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    is_anonymous = forms.BooleanField(label=_("Send without a name"), required=False)
    about_path = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
    about_title = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
    form_key = forms.CharField(max_length=40, widget=forms.HiddenInput)
    # A trap: people do not see it, robots fill it in.
    website = forms.CharField(required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["form_key"].initial = uuid.uuid4

    def clean_about_path(self) -> str:
        """Keep only an address of this portal."""
        path = str(self.cleaned_data["about_path"])
        return path if path.startswith("/") and not path.startswith("//") else ""

    @property
    def is_robot(self) -> bool:
        """Whether the trap was filled in."""
        return bool(self.cleaned_data.get("website"))
