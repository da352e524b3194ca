"""Codes of letters in words, for templates."""

from django import template
from django.template.loader import render_to_string

from tickets import mail_words
from tickets.models import LetterEvent

register = template.Library()


@register.simple_tag
def reason(code: str) -> str:
    """Say a reason in two or three words."""
    return mail_words.reason(code)


@register.simple_tag
def happened(event: LetterEvent) -> str:
    """Say what was done to a letter, and by whom."""
    who = event.actor.full_name if event.actor else ""
    words = {"event": event, "who": who, "reason": mail_words.reason(event.data.get("reason", ""))}
    return render_to_string(event.template, words).strip()
