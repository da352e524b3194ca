"""How each letter behaves: its name in words, who it pretends to be for robots, and what may be left out.

One row per letter. A robot reads `submitted` (RFC 3834): a receipt is "auto-replied", a notice
"auto-generated", and what a person wrote says nothing. A letter with a topic is one that its reader
may do without; all others are essential.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NOTICE, RECEIPT, PERSONAL = "auto-generated", "auto-replied", ""
WATCHING, WARNINGS, ARTICLES = "watching", "warnings", "articles"
TOPICS: dict[str, Promise] = {
    WATCHING: _("News of tickets that you watch"),
    WARNINGS: _("Warnings that an answer is soon due"),
    ARTICLES: _("Articles that did not help or need care"),
}


@dataclass(frozen=True)
class Manner:
    """How one letter behaves."""

    name: Promise
    submitted: str = NOTICE
    topic: str = ""
    # It opens something for whoever asked for it: sent even to an address that is dead.
    is_code: bool = False
    # A customer may simply answer it.
    is_answerable: bool = False


def _to_customers(name: Promise, submitted: str = NOTICE) -> Manner:
    return Manner(name, submitted, is_answerable=True)


MANNERS: dict[str, Manner] = {
    "ticket_received": _to_customers(_("Ticket received"), RECEIPT),
    "ticket_reply": _to_customers(_("Reply"), PERSONAL),
    "ticket_resolved": _to_customers(_("Ticket solved")),
    "ticket_closed": _to_customers(_("Ticket closed")),
    "waiting_reminder": _to_customers(_("Reminder: we wait for the customer")),
    "promise_moved": _to_customers(_("Answer later than promised")),
    "ticket_merged": _to_customers(_("Ticket merged")),
    "development_started": _to_customers(_("Handed over to development")),
    "development_news": _to_customers(_("News of the development")),
    "date_came": Manner(_("Agreed date has come")),
    "ticket_new_message": Manner(_("The customer wrote")),
    "ticket_assigned": Manner(_("Ticket assigned")),
    "ticket_watched": Manner(_("News of a watched ticket"), topic=WATCHING),
    "mentioned": Manner(_("Named in a note")),
    "letter_bounced": Manner(_("A letter did not arrive")),
    "how_to_be_identified": Manner(_("How to be identified"), RECEIPT),
    "articles_need_care": Manner(_("Articles to look after"), topic=ARTICLES),
    "article_sent_back": Manner(_("Article sent back")),
    "article_not_helped": Manner(_("Article that did not help"), topic=ARTICLES),
    "clock_warning": Manner(_("Soon due"), topic=WARNINGS),
    "clock_late": Manner(_("Late by our own promise")),
    "development_released": Manner(_("Released, to be written to the customer")),
    "duty_alert": Manner(_("Call of the person on duty")),
    "feedback_received": Manner(_("Feedback received")),
    "feedback_thanks": Manner(_("Thanks for feedback"), RECEIPT),
    "feedback_answered": Manner(_("Feedback answered"), PERSONAL),
    "proof_code": Manner(_("Code that proves who wrote"), is_code=True),
    "codes_guessed": Manner(_("Somebody guessed at codes")),
    "codes_guessed_at": Manner(_("Codes of a customer were guessed at")),
    "login_code": Manner(_("Code for signing in"), is_code=True),
    "password_reset": Manner(_("New password"), is_code=True),
    "email_confirmation": Manner(_("Address to be confirmed"), is_code=True),
    "invitation": Manner(_("Invitation")),
    "account_notice": Manner(_("Account changed")),
}
UNKNOWN = Manner(_("Letter"))


def of(letter: str) -> Manner:
    """Give how a letter behaves; one that is not known here is an essential notice."""
    return MANNERS.get(letter, UNKNOWN)
