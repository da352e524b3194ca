"""Forms of the cabinet: what customers type and attach; a mistake loses none of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import Property, User
from portal import files, html
from portal.refusals import Refused
from tickets import actions, rules
from tickets.actions import texts
from tickets.actions.rating import NoSuchScore
from tickets.models import Addressee, Attachment, Category, Ticket

LONGEST_SUBJECT = 200
LONGEST_TEXT = 50_000
LONGEST_DETAIL = 5_000
LARGEST_NUMBER = 2**63 - 1  # what the column takes
# More than a message takes, so that too many are refused with words and not left out in silence.
MOST_KEPT = 3 * files.MOST_FILES
# What a button under a solved ticket means: whether the words are only thanks.
MEANINGS = {"thanks": True, "broken": False}
IMPACTS = (
    ("all", _("Nobody can book or pay")),
    ("some", _("Some of the guests or rooms")),
    ("staff", _("Only our own staff is hindered")),
    ("looks", _("Nobody is hindered, it only looks wrong")),
)

DETAILS = ("steps", "impact", "goal", "interface")


class Area(forms.Textarea):
    """Lines of text, drawn without a template: the forms of the conversation are on every page."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:  # noqa: ARG002
        """Draw as Django does."""
        drawn = self.get_context(name, value, attrs)["widget"]
        return format_html(
            '<textarea name="{}"{}>\n{}</textarea>',
            *(name, flatatt(drawn["attrs"]), drawn["value"] or ""),
        )


class Hidden(forms.HiddenInput):
    """A hidden value, drawn without a template."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:  # noqa: ARG002
        """Draw as Django does."""
        drawn = self.get_context(name, value, attrs)["widget"]
        given = {"value": drawn["value"]} if drawn["value"] is not None else {}
        shown = {"type": "hidden", "name": name, **given, **drawn["attrs"]}
        return format_html("<input{}>", flatatt(shown))


class TypedText(forms.CharField):
    """Text as people paste it: what no text has (NUL, lone surrogates) is dropped, not refused."""

    def to_python(self, value: Any) -> str:
        """Give the text without control characters."""
        cleaned = super().to_python(html.without_control(str(value or "")))
        return str(cleaned or "")


class FormKey(forms.UUIDField):
    """The key of one form as it was shown; a broken one only costs the guard against doubles."""

    widget = Hidden

    def clean(self, value: Any) -> UUID:
        """Give the key, or a new one."""
        return _uuid(str(value or "")) or uuid4()


class FilesInput(forms.FileInput):
    """An input that takes several files; its value is always a list."""

    allow_multiple_selected = True

    def value_from_datadict(
        self,
        data: Any,  # noqa: ARG002
        files: Any,
        name: str,
    ) -> list[Any]:
        """Give all files of this input."""
        return files.getlist(name) if hasattr(files, "getlist") else []


@dataclass(frozen=True)
class Kept:
    """A file that an earlier try of a form left with us."""

    id: UUID
    name: str
    size: int  # bytes
    has_preview: bool


@dataclass(frozen=True)
class FilesShown:
    """All that the field of files shows: under this it is drawn once."""

    auto_id: str
    label: str
    errors: tuple[str, ...]
    kept: tuple[Kept, ...]
    accept: str = files.ACCEPT
    most_files: int = files.MOST_FILES
    most_bytes: int = files.MOST_BYTES


class FormWithFiles(forms.Form):
    """A form whose files are taken in before anything else is judged, and listed with it then."""

    form_key = FormKey()

    def __init__(self, *args: Any, person: User, at: datetime, **kwargs: Any) -> None:
        kwargs["initial"] = {"form_key": uuid4(), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        # Not declared above: Django's forms have an attribute of the same name.
        self.fields["files"] = forms.Field(
            required=False,
            label=_("Screenshots and recordings"),
            widget=FilesInput(attrs={"multiple": True, "accept": files.ACCEPT}),
        )
        self.person, self.at = person, at
        self.attachments: list[Attachment] = []

    def clean(self) -> dict[str, Any]:
        """Take the files in, whatever else is wrong with the form."""
        self.attachments = [*self._kept_before(), *self._taken_in()]
        return self.cleaned_data

    def _kept_before(self) -> list[Attachment]:
        """Find the files that an earlier try left with us; ids of others find nothing."""
        ids = [one for one in map(_uuid, self._listed("kept")) if one]
        found = Attachment.objects.filter(uploaded_by=self.person, id__in=ids[:MOST_KEPT])
        return list(found.order_by("created_at", "id"))

    def _taken_in(self) -> list[Attachment]:
        taken = []
        for upload in self.cleaned_data.get("files") or []:
            try:
                taken.append(
                    actions.keep_upload(person=self.person, upload=upload, at=self.at),
                )
            except files.FileRefused as refusal:
                self.add_error("files", str(refusal.message))
        return taken

    def _listed(self, name: str) -> Sequence[str]:
        return self.data.getlist(name) if hasattr(self.data, "getlist") else []

    def refuse(self, refusal: Refused) -> None:
        """Show the words of a refused action beside the input at fault."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, str(refusal.message))

    def key_of_words(self, *words: str) -> UUID:
        """Give the key of what is sent: the same form with the same words has the same one.

        Changed words are a new matter, though the browser's way back shows the form as it was.
        """
        return uuid5(self.cleaned_data["form_key"], "\n".join(words))

    @property
    def files_shown(self) -> FilesShown:
        """What the field of files shows."""
        field = self["files"]
        kept = [Kept(one.id, one.name, one.size, one.has_preview) for one in self.attachments]
        return FilesShown(
            field.auto_id, str(field.label), tuple(map(str, field.errors)), tuple(kept)
        )

    @property
    def attachment_ids(self) -> list[UUID]:
        """Name the files to send."""
        return [attachment.id for attachment in self.attachments]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class ReplyForm(FormWithFiles):
    """A customer's message in a ticket."""

    text = TypedText(
        max_length=LONGEST_TEXT,
        label=_("Your message"),
        error_messages={"required": _("Write a few words, please.")},
        widget=Area(attrs={"rows": 4}),
    )

    # Asked where the ticket is solved: only thanks, or still broken. Each is a button.
    meaning = forms.CharField(required=False, max_length=10)

    def for_action(self) -> dict[str, Any]:
        """Give what actions.reply takes."""
        text = self.cleaned_data["text"]
        return {
            "text": text,
            "attachments": self.attachment_ids,
            "form_key": self.key_of_words(text),
            "is_thanks": MEANINGS.get(self.cleaned_data["meaning"]),
        }


class RatingForm(forms.Form):
    """A mark, and what somebody likes to add."""

    score = forms.IntegerField(
        min_value=1,
        max_value=5,
        error_messages={
            "required": NoSuchScore.message,
            "invalid": NoSuchScore.message,
            "min_value": NoSuchScore.message,
            "max_value": NoSuchScore.message,
        },
    )
    comment = TypedText(
        required=False,
        max_length=texts.LONGEST_REMARK,
        label=_("A few words, if you like"),
        error_messages={"max_length": texts.RemarkTooLong.message},
        widget=Area(attrs={"rows": 3}),
    )

    def problem(self) -> str:
        """Give what is wrong, in words; one thing at a time is enough for a form this small."""
        return next((str(error) for errors in self.errors.values() for error in errors), "")


class FilingForm(FormWithFiles):
    """A new ticket: the kind of matter, what is asked for in it, and files."""

    category = forms.ChoiceField(
        choices=Category.choices,
        label=_("What is it about?"),
        error_messages={
            "required": _("Choose what it is about."),
            "invalid_choice": _("Choose one of the four kinds."),
        },
        widget=forms.RadioSelect,
    )
    addressee = forms.ChoiceField(
        required=False, choices=Addressee.choices, label=_("Who should answer?")
    )
    property = forms.ModelChoiceField(
        Property.objects.none(),
        label=_("Hotel"),
        empty_label=_("Choose a hotel"),
        error_messages={
            "required": _("Choose the hotel it is about."),
            "invalid_choice": _("Choose one of your hotels."),
        },
    )
    subject = TypedText(
        max_length=LONGEST_SUBJECT,
        label=_("The matter in a few words"),
        help_text=_("For example: guests cannot pay by card"),
        error_messages={"required": _("Name the matter in a few words.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    description = TypedText(
        max_length=LONGEST_TEXT,
        label=_("What happened, or what do you need?"),
        help_text=_(
            "Write it as you would tell a colleague: numbers of bookings, dates and the exact"
            " words of an error help us find it at once."
        ),
        error_messages={"required": _("Tell us what happened or what you need.")},
        widget=Area(attrs={"rows": 6}),
    )
    steps = TypedText(
        required=False,
        max_length=LONGEST_DETAIL,
        label=_("What did you do, step by step?"),
        help_text=_("Before it went wrong and while it did. By the steps we repeat it here."),
        widget=Area(attrs={"rows": 4}),
    )
    impact = forms.ChoiceField(
        required=False,
        choices=IMPACTS,
        label=_("Whom does it affect?"),
        help_text=_("A specialist sets the priority; your answer helps to judge."),
        widget=forms.RadioSelect,
    )
    goal = TypedText(
        required=False,
        max_length=LONGEST_DETAIL,
        label=_("What do you want to achieve in the end?"),
        help_text=_("Knowing the goal, we may see a shorter way to it."),
        widget=Area(attrs={"rows": 2}),
    )
    interface = TypedText(
        required=False,
        max_length=LONGEST_DETAIL,
        label=_("Where in the system is it?"),
        help_text=_("The page, section or function: so it comes to who knows it best."),
        widget=forms.TextInput,
    )

    # The ticket whose matter this takes up, by its number.
    follows = forms.IntegerField(
        required=False,
        widget=Hidden,
        error_messages={"invalid": actions.UnknownTicket.message},
    )

    def __init__(self, *args: Any, person: User, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, person=person, at=at, **kwargs)
        self.hotels = list(Property.objects.visible_to(person).order_by("name"))
        self.manager = _manager_of(person)
        hotel = self.fields["property"]
        hotel.queryset = Property.objects.visible_to(person).order_by("name")  # type: ignore[attr-defined]
        hotel.required = bool(self.hotels)
        if len(self.hotels) == 1:
            self.initial.setdefault("property", self.hotels[0].pk)

    def for_action(self) -> dict[str, Any]:
        """Give what actions.file_ticket takes beside who, when and how it is known."""
        said = self.cleaned_data
        return {
            "property": said["property"],
            "category": said["category"],
            "addressee": said["addressee"] or Addressee.SUPPORT,
            "subject": said["subject"],
            "description": said["description"],
            "follows": self.followed(),
            "details": {name: said.get(name, "") for name in DETAILS},
            "attachments": self.attachment_ids,
            "form_key": self.key_of_words(said["subject"], said["description"]),
        }

    def clean_follows(self) -> int | None:
        """Find the earlier ticket among what this person reads."""
        number: int | None = self.cleaned_data["follows"]
        if number is not None and number_among(self.person, number) is None:
            raise forms.ValidationError(actions.UnknownTicket.message)
        return number

    def followed(self) -> Ticket | None:
        """Give the earlier ticket that this one follows, if it does."""
        value = self["follows"].value()
        return number_among(self.person, int(value)) if str(value or "").isdecimal() else None

    def missing(self, category: str) -> list[str]:
        """Name what would still help a ticket of this category, as far as it is filled in now."""
        return rules.missing(
            category,
            description=str(self["description"].value() or ""),
            details={name: str(self[name].value() or "") for name in DETAILS},
            files=len(self.attachments),
        )


def number_among(person: User, number: int) -> Ticket | None:
    """Find a ticket by its number among what this person may read."""
    if not 0 < number <= LARGEST_NUMBER:
        return None
    return Ticket.objects.visible_to(person).filter(number=number).first()


def _manager_of(person: User) -> User | None:
    manager = person.organization.account_manager if person.organization else None
    return manager if manager and manager.is_active else None
