"""People's own pages: profile, colleagues, invitations, where to go after signing in."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language

from accounts import actions
from accounts.forms import AcceptForm, InviteForm, ProfileForm
from accounts.models import Invitation, Organization, User
from accounts.requests import signed_in
from portal.http import within_rate
from portal.refusals import Refused


@require_POST
def switch_language(request: HttpRequest) -> HttpResponse:
    """Change the language of the pages, and keep it with the account."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        actions.update_profile(person=signed_in(request), language=language)
    return set_language(request)


@login_required
@require_safe
def after_login(request: HttpRequest) -> HttpResponse:
    """Lead everybody to where their work is."""
    person = signed_in(request)
    if person.is_customer:
        return redirect("cabinet:list")
    if person.works_desk:
        return redirect("desk:queue")
    return redirect("admin:index")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change what a person says of themself."""
    person = signed_in(request)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=person.pk))
    if request.method == "POST" and form.is_valid():
        actions.update_profile(person=person, **form.cleaned_data)
        messages.success(request, _("Saved."))
        response = redirect("profile")
        # What was chosen here wins over what the switch of this browser remembers.
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
        return response
    return render(request, "accounts/profile.html", {"form": form})


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End a session of one's own on another device."""
    actions.end_session(person=signed_in(request), pk=pk)
    messages.success(request, _("This session has ended."))
    return redirect("usersessions_list")


@login_required
@require_safe
def colleagues(request: HttpRequest) -> HttpResponse:
    """List the people of the organization for whoever looks after them."""
    organization, actor = _managed(request), signed_in(request)
    people = organization.people.select_related("role").order_by("-is_active", "full_name")
    invitations = (
        Invitation.objects.filter(
            organization=organization, accepted_at__isnull=True, revoked_at__isnull=True
        )
        .select_related("role")
        .order_by("-created_at")
    )
    context = {
        "organization": organization,
        "people": people,
        "invitations": invitations,
        "at": timezone.now(),
        "lowest": actor.role.order,
    }
    return render(request, "accounts/colleagues.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Invite a colleague."""
    organization, by = _managed(request), signed_in(request)
    form = InviteForm(request.POST or None, roles=actions.roles_to_give(by))
    if request.method == "POST" and not within_rate(request, "invite"):
        form.add_error(None, _("Too many invitations in an hour. Try again later."))
    elif request.method == "POST" and form.is_valid():
        try:
            actions.invite(
                by=by,
                organization=organization,
                language=request.LANGUAGE_CODE,
                at=timezone.now(),
                **form.cleaned_data,
            )
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal.message))
        else:
            messages.success(request, _("The invitation is on its way."))
            return redirect("colleagues")
    return render(request, "accounts/invite.html", {"form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then shut a colleague out."""
    person = get_object_or_404(User, pk=pk, organization=_managed(request), is_active=True)
    error = ""
    if request.method == "POST":
        try:
            actions.deactivate(person=person, actor=signed_in(request), at=timezone.now())
        except Refused as refusal:
            error = str(refusal.message)
        else:
            messages.success(request, _("%(name)s can no longer sign in.") % {"name": person})
            return redirect("colleagues")
    return render(request, "accounts/deactivate.html", {"person": person, "error": error})


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    invitation = get_object_or_404(Invitation, pk=pk, organization=_managed(request))
    actions.revoke(invitation=invitation, actor=signed_in(request), at=timezone.now())
    messages.success(request, _("The invitation no longer works."))
    return redirect("colleagues")


@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Let an invited person in."""
    form, at = AcceptForm(request.POST or None), timezone.now()
    try:
        invitation = actions.find_invitation(token, at=at)
        if request.method == "POST" and form.is_valid():
            password = form.cleaned_data["password"]
            actions.accept(token=token, password=password, at=at)
            # Whoever was signed in on this computer is not the person who was invited.
            logout(request)
            messages.success(request, _("Welcome! Now sign in."))
            return redirect("account_login" if password else "account_request_login_code")
    except actions.InvitationGone as refusal:
        return render(
            request, "accounts/invitation_gone.html", {"reason": refusal.message}, status=404
        )
    except Refused as refusal:
        form.add_error(refusal.field or None, str(refusal.message))
    return render(request, "accounts/accept.html", {"form": form, "invitation": invitation})


def _managed(request: HttpRequest) -> Organization:
    """Give the organization whose people this person looks after, or 404."""
    person = signed_in(request)
    if person.organization is None or not actions.manages(person, person.organization):
        raise Http404
    return person.organization
