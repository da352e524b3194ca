"""Forms of people's own pages, and allauth's in our words."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from allauth.account import forms as account_forms
from allauth.mfa.base import forms as factor_forms
from allauth.mfa.totp import forms as app_forms
from allauth.mfa.webauthn import forms as key_forms
from babel.dates import get_timezone_location
from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User

# The zones our customers live in, west to east; a person's own is added when it is another.
ZONES = (
    "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk",
    "Asia/Novosibirsk", "Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok",
    "Asia/Magadan", "Asia/Kamchatka", "Europe/Minsk", "Asia/Tbilisi", "Asia/Yerevan",
    "Asia/Almaty", "Asia/Tashkent", "Europe/Istanbul", "Europe/Berlin", "Europe/London", "UTC",
)  # fmt: skip
STRENGTH = _("At least 10 characters; no common word, not your name, not only digits.")


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
        field.choices = [(zone, _zone_name(zone)) for zone in zones]


def _zone_name(zone: str) -> str:
    city = get_timezone_location(zone, locale=get_language() or "ru", return_city=True)
    offset = timezone.now().astimezone(ZoneInfo(zone)).strftime("%z")
    return f"{city} (UTC{offset[:3]}:{offset[3:]})" if zone != "UTC" else zone


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    full_name = forms.CharField(label=_("Full name"), max_length=150)
    email = forms.EmailField(label=_("Work e-mail"), max_length=254)
    position = forms.CharField(label=_("Position"), max_length=120, required=False)
    role: forms.ModelChoiceField = forms.ModelChoiceField(
        label=_("Role"),
        queryset=Role.objects.none(),
        empty_label=None,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, roles: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (tells the type checker)
        field.queryset = roles
        field.initial = roles.last()


class AcceptForm(forms.Form):
    """How an invited person will sign in."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=200,
        help_text=STRENGTH,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


class Plain(forms.Form):
    """Takes the placeholders and the markup out of allauth's fields, and gives them our labels."""

    labels: ClassVar[dict[str, Any]] = {}
    hints: ClassVar[dict[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")
            if field.widget.attrs.get("autocomplete") == "one-time-code":
                field.widget.attrs |= {"class": "code", "autofocus": True}


class LoginForm(Plain, account_forms.LoginForm):
    """Signing in by password."""

    labels = {"login": _("Work e-mail"), "password": _("Password")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class RequestCodeForm(Plain, account_forms.RequestLoginCodeForm):
    """Asking for a code by e-mail."""

    labels = {"email": _("Work e-mail")}


class ConfirmCodeForm(Plain, account_forms.ConfirmLoginCodeForm):
    """Signing in by the code."""

    labels = {"code": _("Code from the letter")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "maxlength": "12"}


class ResetPasswordForm(Plain, account_forms.ResetPasswordForm):
    """Asking for a link under which a new password is set."""

    labels = {"email": _("Work e-mail")}


class NewPasswordForm(Plain, account_forms.ResetPasswordKeyForm):
    """A new password, under the link."""

    labels = {"password1": _("New password"), "password2": _("New password once more")}
    hints = {"password1": STRENGTH}


class ChangePasswordForm(Plain, account_forms.ChangePasswordForm):
    """A new password beside the old one."""

    labels = {"oldpassword": _("Present password"), **NewPasswordForm.labels}
    hints = NewPasswordForm.hints


class SetPasswordForm(Plain, account_forms.SetPasswordForm):
    """The first password of somebody who signed in by code."""

    labels = NewPasswordForm.labels
    hints = NewPasswordForm.hints


class ChangeAddressForm(Plain, account_forms.AddEmailForm):
    """Another e-mail address."""

    labels = {"email": _("New e-mail")}


class ReauthenticateForm(Plain, account_forms.ReauthenticateForm):
    """The password once more, before something weighty."""

    labels = {"password": _("Password")}


class SecondFactorForm(Plain, factor_forms.AuthenticateForm):
    """The second step of signing in."""

    labels = {"code": _("Code from the app, or a recovery code")}


class SecondFactorAgainForm(Plain, factor_forms.ReauthenticateForm):
    """The second factor once more, before something weighty."""

    labels = SecondFactorForm.labels


class ActivateAppForm(Plain, app_forms.ActivateTOTPForm):
    """The first code of an app, which proves that it works."""

    labels = {"code": _("Code from the app")}


class AddKeyForm(Plain, key_forms.AddWebAuthnForm):
    """A security key."""

    labels = {"name": _("What to call the key")}


class EditKeyForm(Plain, key_forms.EditWebAuthnForm):
    """Another name for a security key."""

    labels = {"name": _("What to call the key")}
