"""Files of conversations, for whoever may read the message."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.requests import signed_in
from portal import files
from tickets import access


@login_required
@require_safe
def attachment(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Give the original, to be saved."""
    found = get_object_or_404(access.attachments_for(signed_in(request)), pk=pk)
    return files.serve(id=found.id, name=found.name, content_type=found.content_type)


@login_required
@require_safe
def preview(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Give our own drawing of a picture, to be shown in place."""
    found = get_object_or_404(access.attachments_for(signed_in(request)), pk=pk)
    if not found.has_preview:
        raise Http404
    return files.serve(
        id=found.id, name=found.name, content_type=found.content_type, is_preview=True
    )
