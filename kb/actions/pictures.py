"""Pictures of articles: checked and re-encoded like every file, in the widths that screens ask for."""

from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from kb.actions.access import can_write
from kb.actions.words import NotDescribed
from kb.models import Article, Picture
from portal import files, html
from portal.refusals import NotAllowed, Refused

WIDTHS = (480, 960, 1600)  # pixels: a phone, a column of text, a large screen
LONGEST_ALT = 300


class NoPicture(Refused):
    """Only pictures stand in articles."""

    code = "no_picture"
    status = 415
    field = "file"
    message = _("This is no picture. Send PNG, JPEG, GIF or WebP.")


def add_picture(
    *,
    article: Article,
    actor: User | None,
    upload: files.Upload,
    alt: str,
    at: datetime,
    source_key: str = "",
) -> Picture:
    """Take a picture for an article. Raises NotAllowed, NotDescribed, NoPicture, files.FileRefused."""
    if actor is not None and not can_write(actor):
        raise NotAllowed
    described = " ".join(html.without_control(alt).split())[:LONGEST_ALT]
    if not described:
        raise NotDescribed
    taken = files.in_widths(upload, WIDTHS)
    if taken is None:
        raise NoPicture
    number = uuid4()
    try:
        for width, content in taken.contents.items():
            files.keep_bytes(number, content, suffix=f".{width}.webp")
        with transaction.atomic():
            return Picture.objects.create(
                id=number,
                article=article,
                name=taken.name,
                alt=described,
                width=taken.width,
                height=taken.height,
                widths=sorted(taken.contents),
                uploaded_by=actor,
                source_key=source_key,
                created_at=at,
            )
    except BaseException:
        for width in taken.contents:
            files.forget_bytes(number, suffix=f".{width}.webp")
        raise


def describe_picture(*, picture: Picture, actor: User, alt: str) -> Picture:
    """Say anew what a picture shows. Raises NotAllowed, NotDescribed."""
    if not can_write(actor):
        raise NotAllowed
    described = " ".join(html.without_control(alt).split())[:LONGEST_ALT]
    if not described:
        raise NotDescribed
    picture.alt = described
    picture.save(update_fields=["alt"])
    return picture
