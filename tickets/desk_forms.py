"""Forms of the desk."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import Refused
from tickets.actions.macro import MacroGone
from tickets.actions.promise import PromiseInThePast
from tickets.actions.texts import LONGEST_REMARK, RemarkTooLong
from tickets.actions.triage import NotOnDesk
from tickets.actions.waiting import DateNotToCome
from tickets.forms import (
    LONGEST_SUBJECT,
    LONGEST_TEXT,
    Area,
    FormKey,
    FormWithFiles,
    Hidden,
    TypedText,
)
from tickets.models import Macro

LONGEST_NUMBER = 18  # digits; more do not fit into the column

AFTER = (
    ("open", _("and keep it in work")),
    ("wait", _("and wait for the customer")),
    ("resolve", _("and call it solved")),
)


class AnswerForm(FormWithFiles):
    """What a specialist writes: a reply that the customer reads, or a note for the staff."""

    text = TypedText(
        max_length=LONGEST_TEXT,
        label=_("Text"),
        error_messages={"required": _("Write a few words, please.")},
        widget=Area(attrs={"rows": 6}),
    )
    after = forms.ChoiceField(required=False, choices=AFTER, label=_("After sending"))
    seen = forms.IntegerField(required=False, widget=Hidden)
    # The macro from which the text began; its changes go out with it.
    macro = forms.ModelChoiceField(
        Macro.objects.all(),
        required=False,
        widget=Hidden,
        error_messages={"invalid_choice": MacroGone.message},
    )

    @property
    def after_choices(self) -> tuple[tuple[str, Promise], ...]:
        """Give what may become of the ticket: always the same, so that it is drawn once."""
        return AFTER

    def for_action(self) -> dict[str, Any]:
        """Give what both actions take."""
        text = self.cleaned_data["text"]
        return {
            "text": text,
            "attachments": self.attachment_ids,
            "form_key": self.key_of_words(text),
        }


class NumberForm(forms.Form):
    """The number of another ticket, as people write it."""

    number = forms.CharField(max_length=30)
    is_confirmed = forms.BooleanField(required=False)

    def clean_number(self) -> int:
        """Give the number without its sign and spaces."""
        digits = "".join(str(self.cleaned_data["number"]).replace("№", "").split())
        if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER):
            raise forms.ValidationError(_("Type the number of a ticket."))
        return int(digits)


class SplitForm(forms.Form):
    """A message that becomes a ticket, and what it is called."""

    message = forms.IntegerField()
    subject = TypedText(required=False, max_length=LONGEST_SUBJECT)


class FollowUpForm(forms.Form):
    """A ticket that goes on where a closed one ended."""

    form_key = FormKey()
    subject = TypedText(required=False, max_length=LONGEST_SUBJECT)
    text = TypedText(required=False, max_length=LONGEST_TEXT)


class DraftForm(forms.Form):
    """What somebody has typed so far."""

    mode = forms.CharField(required=False, max_length=10)
    text = TypedText(required=False, max_length=LONGEST_TEXT, strip=False)


class TriageForm(forms.Form):
    """A cell of the table of categories and priorities."""

    cell = forms.CharField(max_length=60)
    # What speaks for the priority; anything else than a known effect is not kept.
    operations = forms.CharField(max_length=20, required=False)
    business = forms.CharField(max_length=20, required=False)

    @property
    def for_action(self) -> dict[str, str]:
        """Give what the action takes; a cell that makes no sense is refused there."""
        if not self.is_valid():
            return {"category": "", "priority": ""}
        effects = {name: self.cleaned_data[name] for name in ("operations", "business")}
        return {"category": self.category, "priority": self.priority, **effects}

    @property
    def category(self) -> str:
        """The row of the cell."""
        return str(self.cleaned_data["cell"]).partition(":")[0]

    @property
    def priority(self) -> str:
        """The column of the cell."""
        return str(self.cleaned_data["cell"]).partition(":")[2]


class AssignForm(forms.Form):
    """Who answers; nobody is an answer too."""

    assignee = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        error_messages={"invalid_choice": NotOnDesk.message},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = User.objects.desk()  # type: ignore[attr-defined]


class SmallForm(forms.Form):
    """A form of a few fields that says what an action refuses beside them."""

    def refuse(self, refusal: Refused) -> None:
        """Show the words of a refused action."""
        self.add_error(
            refusal.field if refusal.field in self.fields else None, str(refusal.message)
        )

    @property
    def problems(self) -> list[str]:
        """List what is wrong, in words."""
        return [str(error) for errors in self.errors.values() for error in errors]


class PromiseForm(SmallForm):
    """Another time for the first answer, in Moscow time, and why."""

    promised_at = forms.DateTimeField(
        error_messages={
            "required": PromiseInThePast.message,
            "invalid": _("Write a date and a time."),
        }
    )
    reason = TypedText(
        required=False,
        max_length=LONGEST_REMARK,
        error_messages={"max_length": RemarkTooLong.message},
    )


class AgreedForm(SmallForm):
    """The date on which work goes on."""

    agreed_on = forms.DateField(
        error_messages={"required": DateNotToCome.message, "invalid": _("Write a date.")}
    )
