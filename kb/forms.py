"""What readers send: whether an article helped, and why not."""

from typing import Any

from django import forms

from kb.actions import LONGEST_COMMENT, REASON_WORDS
from portal import html


class VoteForm(forms.Form):
    """One click, and after a "no" the reasons and a comment."""

    vote = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])
    reasons = forms.MultipleChoiceField(choices=REASON_WORDS, required=False)
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
