"""What readers send: whether an article helped, and why not."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kb.actions import LONGEST_COMMENT
from portal import html


class VoteForm(forms.Form):
    """One click, and after a "no" the reasons and a comment."""

    REASONS = (
        ("missing", _("The answer is not here")),
        ("outdated", _("It is outdated")),
        ("unclear", _("It is hard to follow")),
        ("wrong", _("There is a mistake")),
    )

    vote = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])
    reasons = forms.MultipleChoiceField(choices=REASONS, required=False)
    comment = forms.CharField(required=False)
    website = forms.CharField(required=False)  # a trap: people do not see it

    def clean_comment(self) -> str:
        """Keep what fits: nobody should lose a click over a long comment."""
        return html.without_control(self.cleaned_data["comment"])[:LONGEST_COMMENT]

    @property
    def is_robot(self) -> bool:
        """Whether the trap was filled in."""
        return bool(self.cleaned_data["website"])

    @property
    def said(self) -> dict[str, Any]:
        """What actions.vote takes."""
        return {
            "is_helpful": self.cleaned_data["vote"] == "yes",
            "reasons": self.cleaned_data["reasons"],
            "comment": self.cleaned_data["comment"],
        }

    @property
    def next_step(self) -> str:
        """What to show now: thanks, the question why, or thanks for the reasons."""
        if self.cleaned_data["vote"] == "yes":
            return "yes"
        return "told" if self.cleaned_data["reasons"] or self.cleaned_data["comment"] else "no"
