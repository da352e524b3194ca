"""Forms of the hand-over to development, of its news, and of its release."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from portal.refusals import Refused
from tickets.actions.development import LONGEST_ADDRESS, LONGEST_BRIEF, LONGEST_KEY, LONGEST_WORDS
from tickets.actions.texts import LONGEST_SUBJECT
from tickets.forms import Area, TypedText
from tickets.models import Development

MINUTES = "%Y-%m-%dT%H:%M"


class RefusableForm(forms.Form):
    """Shows what an action refuses where it was typed."""

    def refuse(self, refusal: Refused) -> None:
        """Put the words of a refusal at their field."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, str(refusal.message))


class DescribeForm(RefusableForm):
    """What the staff reads of a development."""

    title = forms.CharField(label=_("Title for the staff"), max_length=LONGEST_SUBJECT)
    brief = TypedText(
        label=_("What is to be done"),
        max_length=LONGEST_BRIEF,
        help_text=_("Developers read it: what is wrong, how to see it, what should be instead."),
        widget=Area(attrs={"rows": 5}),
    )
    tracker_url = forms.CharField(
        label=_("Address in the tracker"),
        max_length=LONGEST_ADDRESS,
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    tracker_key = forms.CharField(
        label=_("Key in the tracker"), max_length=LONGEST_KEY, required=False
    )

    @classmethod
    def of(cls, development: Development) -> dict[str, str]:
        """Give what stands there now."""
        return {name: getattr(development, name) for name in cls.base_fields}


class NewsForm(RefusableForm):
    """A version of the ETA, and what the customers read of it."""

    eta_on = forms.DateField(
        label=pgettext_lazy("label", "ETA"),
        required=False,
        help_text=_("The day on which it should be done. Leave it empty while nobody knows."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    news_due_at = forms.DateTimeField(
        label=_("Next news by, Moscow time"),
        help_text=_("It is promised to the customer; when it passes in silence, we are late."),
        error_messages={
            "required": _("Say by when the customer will have news: this date is promised to them.")
        },
        widget=forms.DateTimeInput(format=MINUTES, attrs={"type": "datetime-local"}),
    )
    customer_text = TypedText(
        label=_("What the customer reads"),
        max_length=LONGEST_WORDS,
        help_text=_("It goes out as a letter at once. Both dates are added below it."),
        error_messages={"required": _("Write what the customer should know.")},
        widget=Area(attrs={"rows": 4}),
    )


class MoveForm(NewsForm):
    """News of a development that goes on."""

    reason = TypedText(
        label=_("Why the date moves"),
        max_length=LONGEST_WORDS,
        required=False,
        help_text=_("For the staff. Needed when the ETA changes."),
        widget=Area(attrs={"rows": 2}),
    )
    field_order = ("eta_on", "news_due_at", "reason", "customer_text")


class HandOverForm(DescribeForm, NewsForm):
    """All that a hand-over says."""

    field_order = (*DescribeForm.base_fields, *NewsForm.base_fields)


class JoinForm(RefusableForm):
    """One of the developments that go on."""

    development = forms.ModelChoiceField(
        Development.objects.none(),
        error_messages={
            "required": _("Choose one of the developments."),
            "invalid_choice": _("Choose one of the developments."),
        },
    )

    def __init__(self, *args: Any, person: User, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        open_ones = Development.objects.visible_to(person).going_on().filter(news_due_at__gt=at)
        self.fields["development"].queryset = open_ones  # type: ignore[attr-defined]


class ReleaseForm(RefusableForm):
    """What support should know of a release."""

    note = TypedText(
        label=_("Note for support"),
        max_length=LONGEST_WORDS,
        required=False,
        widget=Area(attrs={"rows": 2}),
    )


class OwnerForm(RefusableForm):
    """Which developer has it; nobody is an answer too."""

    owner = forms.ModelChoiceField(User.objects.none(), required=False, label=_("Developer"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = developers()  # type: ignore[attr-defined]


def developers() -> Any:
    """Give those who may own what is developed, by name."""
    return User.objects.with_permission("develop").order_by("full_name")
