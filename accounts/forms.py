"""Forms of people's own pages."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Side, User

# The zones our customers live in, west to east; a person's own is added when it is another.
ZONES = (
    "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk",
    "Asia/Novosibirsk", "Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok",
    "Asia/Magadan", "Asia/Kamchatka", "Europe/Minsk", "Asia/Tbilisi", "Asia/Yerevan",
    "Asia/Almaty", "Asia/Tashkent", "Europe/Istanbul", "Europe/Berlin", "Europe/London", "UTC",
)  # fmt: skip


class ProfileForm(forms.ModelForm):
    """What people say of themselves."""

    time_zone = forms.ChoiceField(label=_("Time zone"))

    class Meta:
        model = User
        fields = ("full_name", "position", "phone", "language", "time_zone")
        labels = {
            "full_name": _("Full name"),
            "position": _("Position"),
            "phone": _("Phone"),
            "language": _("Language"),
        }
        widgets = {
            "full_name": forms.TextInput({"autocomplete": "name"}),
            "position": forms.TextInput({"autocomplete": "organization-title"}),
            "phone": forms.TextInput({"autocomplete": "tel", "inputmode": "tel"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.instance.time_zone
        zones = ZONES if own in ZONES or own not in available_timezones() else (own, *ZONES)
        field = self.fields["time_zone"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (tells the type checker)
        field.choices = [(zone, zone.replace("_", " ")) for zone in zones]


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    full_name = forms.CharField(label=_("Full name"), max_length=150)
    email = forms.EmailField(label=_("Work e-mail"), max_length=254)
    position = forms.CharField(label=_("Position"), max_length=120, required=False)
    role = forms.ModelChoiceField(
        label=_("Role"),
        queryset=Role.objects.filter(side=Side.CUSTOMER).order_by("order"),
        empty_label=None,
    )


class AcceptForm(forms.Form):
    """How an invited person will sign in."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=200,
        help_text=_(
            "At least 10 characters. Leave it empty to sign in by a code sent to your e-mail."
        ),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
