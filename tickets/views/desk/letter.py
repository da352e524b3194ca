"""One letter as a specialist judges it: what it says, why it was believed or not, what becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.requests import signed_in
from portal import files
from portal.refusals import Refused
from tickets import mail_words
from tickets.actions import codes
from tickets.channels.email import intake, opening, store, unidentified
from tickets.letter_forms import (
    AnswerCodeForm,
    CharsetForm,
    DiscardForm,
    MakeTicketForm,
    SendCodeForm,
)
from tickets.models import IncomingLetter, LetterState, Ticket
from tickets.views.desk.doors import REFUSED, letters_only
from tickets.views.desk.letters import accounts_of, due_at

PAGE = "tickets/mail/letter.html"
# What is never to be believed by its looks: whoever opens such files should know.
BELIEVED = frozenset({"authentic"})
MOST_SUGGESTED = 3


@dataclass(frozen=True)
class Preview:
    """The text as it reads in another charset."""

    charset: str
    text: str


@letters_only
@require_safe
def letter(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the letter; whoever opens it first stops the clock of the queue."""
    found = _found(pk)
    unidentified.see(letter=found, actor=signed_in(request), at=timezone.now())
    return render(request, PAGE, _context(request, found))


@letters_only
@require_safe
def original(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: ARG001 (as Django calls it)
    """Give the bytes as they came, to be saved and never shown."""
    found = _found(pk)
    place = store.path_of(found.pk)
    if not place.is_file():
        raise Http404
    return _to_be_saved(place.open("rb"), f"letter-{str(found.pk)[:8]}.eml")


@letters_only
@require_safe
def file(request: HttpRequest, pk: UUID, place: int) -> HttpResponse:  # noqa: ARG001 (as above)
    """Give a file of the letter, to be saved and never shown."""
    try:
        name, content = opening.file_of(_found(pk), place)
    except opening.NotReadable as refusal:
        raise Http404 from refusal
    return _to_be_saved(content, name)


def _to_be_saved(content: Any, name: str) -> HttpResponse:
    """Answer with bytes of a stranger: no browser may guess what they are, or run them."""
    response = FileResponse(content, as_attachment=True, filename=name)
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = files.POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-site"
    response.headers["Cache-Control"] = "private, no-store"
    return response  # type: ignore[return-value]  # streams, which Django's decorators take as well


@letters_only
@require_POST
def send_code(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send a code to the account that the letter may be from."""

    def act(found: IncomingLetter, user: User, data: dict[str, Any]) -> str:
        unidentified.ask_for_code(
            letter=found,
            actor=user,
            person=data["person"],
            ticket=data["number"],
            at=timezone.now(),
        )
        told = {"address": data["person"].email}
        return _("A code left for %(address)s. Ask the person to read it to you.") % told

    return _done(request, pk, "send_code", SendCodeForm(request.POST, prefix="send"), act)


@letters_only
@require_POST
def answer_code(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the code that was told back."""

    def act(found: IncomingLetter, user: User, data: dict[str, Any]) -> str:
        done = unidentified.answer_code(
            letter=found, actor=user, digits=data["code"], at=timezone.now()
        )
        return _("Proven. The letter is in ticket No. %(number)s.") % {"number": _number(done)}

    return _done(request, pk, "answer_code", AnswerCodeForm(request.POST, prefix="answer"), act)


@letters_only
@require_POST
def make_ticket(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a ticket of it that waits for the identification."""

    def act(found: IncomingLetter, user: User, data: dict[str, Any]) -> str:
        done = unidentified.file_letter(
            letter=found,
            actor=user,
            person=data["person"],
            category=data["category"],
            was_called=data["called"],
            at=timezone.now(),
        )
        return _("Ticket No. %(number)s waits for the identification.") % {"number": _number(done)}

    return _done(request, pk, "make_ticket", MakeTicketForm(request.POST, prefix="make"), act)


@letters_only
@require_POST
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put it away for a reason."""

    def act(found: IncomingLetter, user: User, data: dict[str, Any]) -> str:
        reason = data["reason"]
        unidentified.discard(letter=found, actor=user, reason=reason, at=timezone.now())
        return _("Discarded. It can be put back from here.")

    return _done(request, pk, "discard", DiscardForm(request.POST), act)


@letters_only
@require_POST
def put_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let it wait again."""

    def act(found: IncomingLetter, user: User, _data: dict[str, Any]) -> str:
        unidentified.put_back(letter=found, actor=user, at=timezone.now())
        return _("The letter waits again.")

    return _done(request, pk, "put_back", forms.Form(request.POST), act)


@letters_only
@require_POST
def read_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take it once more as if it had just come."""

    def act(found: IncomingLetter, user: User, _data: dict[str, Any]) -> str:
        unidentified.read_again(letter=found, actor=user, at=timezone.now())
        return _("The letter is read again; what becomes of it shows here within a minute.")

    return _done(request, pk, "read_again", forms.Form(request.POST), act)


Act = Callable[[IncomingLetter, User, dict[str, Any]], str]


def _done(request: HttpRequest, pk: UUID, name: str, form: forms.Form, act: Act) -> HttpResponse:
    """Do one thing to a letter and say so there; a refused form keeps what was typed."""
    found = _found(pk)
    if form.is_valid():
        try:
            said = act(found, signed_in(request), form.cleaned_data)
        except Refused as refusal:
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, str(refusal.message))
        else:
            messages.success(request, said)
            return redirect("desk:letter", pk)
    context = _context(request, _found(pk), **{name: form})
    return render(request, PAGE, {**context, "refusals": [form]}, status=REFUSED)


def _found(pk: UUID) -> IncomingLetter:
    found = IncomingLetter.objects.select_related(
        "mailbox", "person__organization", "ticket__requester", "decided_by", "seen_by"
    )
    return get_object_or_404(found, pk=pk)


def _context(request: HttpRequest, found: IncomingLetter, **given: forms.Form) -> dict[str, Any]:
    at = timezone.now()
    person = found.person or accounts_of({found.sender}).get(found.sender)
    suggested = _suggested(found, person) if found.is_waiting else []
    waits_for_proof = unidentified.is_to_be_proven(found)
    first = {"person": person.email if person else ""}
    number = str(suggested[0].number) if suggested else ""
    return {
        "letter": found,
        "due_at": due_at(found),
        "reason": mail_words.reason(found.reason),
        "why": mail_words.explanation(found.reason),
        "verdict": mail_words.reason(found.verdict),
        "why_verdict": mail_words.explanation(found.verdict),
        "is_believed": found.verdict in BELIEVED,
        "facts": opening.facts(found),
        "has_original": store.path_of(found.pk).exists(),
        "preview": _preview(request, found),
        "charsets": opening.CHARSETS,
        "person": person,
        "suggested": suggested,
        "code": codes.open_code(found, at),
        "waits_for_proof": waits_for_proof,
        "send_code": SendCodeForm(initial={**first, "number": number}, prefix="send"),
        "answer_code": AnswerCodeForm(prefix="answer"),
        "make_ticket": MakeTicketForm(initial=first, prefix="make"),
        "discards": [(code, mail_words.reason(code)) for code in unidentified.DISCARDS],
        "events": found.events.select_related("actor").order_by("-id"),
        # Of what can no more be done to it, as somebody else was quicker; said where no form is left.
        "refusals": [],
        "discard": None,
        "read_again": None,
        "is_read_again": found.state in {LetterState.STORED, LetterState.READING},
        **given,
    }


def _suggested(found: IncomingLetter, person: User | None) -> list[Ticket]:
    """Give the tickets that it may be about, by its addresses, references and subject."""
    told = opening.heads(found)
    tickets = {one.pk: one for one in intake.candidates(person, told)}
    return list(tickets.values())[:MOST_SUGGESTED]


def _preview(request: HttpRequest, found: IncomingLetter) -> Preview | None:
    """Read the text in another charset, where somebody asks for that."""
    form = CharsetForm(request.GET)
    if not form.is_valid():
        return None
    charset = form.cleaned_data["charset"]
    try:
        return Preview(charset, opening.text_in(found, charset))
    except opening.NotReadable as refusal:
        messages.error(request, str(refusal.message))
        return None


def _number(found: IncomingLetter) -> int:
    return found.ticket.number if found.ticket else 0
