"""Forms by which a person says what becomes of a letter."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.channels.email import unidentified
from tickets.channels.email.opening import CHARSETS
from tickets.models import Category, Ticket

LONGEST_NUMBER = 18  # digits; more do not fit into the column
LONGEST_ADDRESS = 254


class PersonField(forms.CharField):
    """The address of an account, exactly as it is."""

    def __init__(self, **given: Any) -> None:
        super().__init__(
            max_length=LONGEST_ADDRESS,
            label=_("E-mail of the account"),
            widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            **given,
        )

    def clean(self, value: Any) -> Any:
        """Give the person. Raises ValidationError in the words of the refusal."""
        address = super().clean(value)
        try:
            return unidentified.account_of(address)
        except unidentified.UnknownPerson as refusal:
            raise forms.ValidationError(refusal.message) from refusal


class SendCodeForm(forms.Form):
    """Whose letter it may be, and where it would go."""

    person = PersonField()
    number = forms.CharField(
        required=False,
        max_length=30,
        label=_("Ticket it belongs to"),
        help_text=_("Its number; empty: a new ticket."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_number(self) -> Ticket | None:
        """Give the ticket, however its number is typed."""
        digits = "".join(str(self.cleaned_data["number"]).replace("№", "").split())
        if not digits:
            return None
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER
        found = Ticket.objects.filter(number=int(digits)).first() if is_number else None
        if found is None:
            raise forms.ValidationError(_("There is no such ticket."))
        return found


class AnswerCodeForm(forms.Form):
    """The code as it was told back."""

    code = forms.CharField(
        max_length=20,
        label=_("Code, as the person tells it"),
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "data-key": "KeyC"}
        ),
    )


class MakeTicketForm(forms.Form):
    """What somebody told on the phone."""

    person = PersonField()
    category = forms.ChoiceField(
        label=_("What it is"),
        choices=[(code, Category(code).label) for code in unidentified.BY_TOLD],
    )
    called = forms.BooleanField(
        required=False,
        label=_("I called the number in the account"),
        help_text=_(
            "Full name, position and e-mail are as in the account, and the letter is theirs."
        ),
    )


class DiscardForm(forms.Form):
    """Why it is put away."""

    reason = forms.CharField(max_length=40)


class CharsetForm(forms.Form):
    """In which charset the text is tried."""

    charset = forms.ChoiceField(choices=[(one, one) for one in CHARSETS])
