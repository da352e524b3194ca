"""Files of customers: sniffed by content, limited, kept outside any web root, served with care.

Limits, kinds and headers: design/security.md, section 4.
"""

import hashlib
import io
import os
import tempfile
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import pylibmagic  # noqa: F401 (brings libmagic itself; it must be imported before magic)

import magic  # isort: skip
import pillow_heif
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from PIL import Image, UnidentifiedImageError

from portal.refusals import Refused

MB = 1024 * 1024
SNIFFED = 8192  # bytes that decide the type
LONGEST_NAME = 120
MOST_FILES = 10
MOST_BYTES = 150 * MB
MOST_PIXELS = 40_000_000
PREVIEW_SIDE = 2400  # pixels
PREVIEW_SUFFIX = ".preview"
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class Kind:
    """One accepted kind of file: what content it may turn out to be, and how large it may be."""

    content_type: str
    sniffed: frozenset[str]
    limit: int
    is_image: bool = False


def _kind(content_type: str, limit: int, *sniffed: str, is_image: bool = False) -> Kind:
    return Kind(content_type, frozenset({content_type, *sniffed}), limit * MB, is_image)


_TEXT = ("text/plain", "text/csv", "application/json", "text/x-csv", "application/csv")
_PACKED = ("application/zip", "application/octet-stream")
_OFFICE = "application/vnd.openxmlformats-officedocument."
KINDS: Mapping[str, Kind] = {
    "png": _kind("image/png", 15, is_image=True),
    "jpg": _kind("image/jpeg", 15, is_image=True),
    "jpeg": _kind("image/jpeg", 15, is_image=True),
    "gif": _kind("image/gif", 15, is_image=True),
    "webp": _kind("image/webp", 15, is_image=True),
    "heic": _kind("image/heic", 15, "image/heif", is_image=True),
    "mp4": _kind("video/mp4", 100, "video/x-m4v", "video/quicktime"),
    "webm": _kind("video/webm", 100, "video/x-matroska"),
    "mov": _kind("video/quicktime", 100, "video/mp4"),
    "pdf": _kind("application/pdf", 25),
    "txt": _kind("text/plain", 25, *_TEXT),
    "log": _kind("text/plain", 25, *_TEXT),
    "csv": _kind("text/csv", 25, *_TEXT),
    "json": _kind("application/json", 25, *_TEXT),
    "har": _kind("application/json", 25, *_TEXT),
    "docx": _kind(f"{_OFFICE}wordprocessingml.document", 25, *_PACKED),
    "xlsx": _kind(f"{_OFFICE}spreadsheetml.sheet", 25, *_PACKED),
    "zip": _kind("application/zip", 25),
}
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "HEIF")
ACCEPT = ",".join(f".{extension}" for extension in KINDS)


class FileRefused(Refused):
    """A file is not taken; the message names it and says what would be."""

    code = "file_refused"
    status = 415
    field = "files"


@dataclass(frozen=True)
class Accepted:
    """A file that was taken and lies in its place."""

    id: UUID
    name: str
    content_type: str
    size: int  # bytes
    sha256: str
    has_preview: bool
    width: int | None
    height: int | None


def accept(upload: UploadedFile, id: UUID) -> Accepted:  # noqa: A002
    """Check a file and store it under its id. Raises FileRefused; nothing is left behind then."""
    name = clean_name(upload.name or "")
    kind = _check(upload, name)
    preview, size = _preview(upload, name) if kind.is_image else (None, (None, None))
    place = path_of(id)
    place.parent.mkdir(parents=True, exist_ok=True)
    digest = _store(upload, place)
    if preview is not None:
        _write(preview, place.with_name(place.name + PREVIEW_SUFFIX))
    return Accepted(
        id=id,
        name=name,
        content_type=kind.content_type,
        size=upload.size or 0,
        sha256=digest,
        has_preview=preview is not None,
        width=size[0],
        height=size[1],
    )


def forget(id: UUID) -> None:  # noqa: A002
    """Delete the bytes of a file."""
    place = path_of(id)
    place.unlink(missing_ok=True)
    place.with_name(place.name + PREVIEW_SUFFIX).unlink(missing_ok=True)


def path_of(id: UUID) -> Path:  # noqa: A002
    """Name the place of a file: never from its name."""
    return Path(settings.ATTACHMENT_ROOT) / str(id)[:2] / str(id)


def clean_name(name: str) -> str:
    """Give a name fit for showing: no path, no invisible or control characters, not too long."""
    # Order matters: invisible characters go first, or they hide what follows (CVE-2026-28289).
    visible = "".join(
        sign for sign in unicodedata.normalize("NFC", name) if unicodedata.category(sign)[0] != "C"
    )
    last = visible.replace("\\", "/").rsplit("/", 1)[-1].strip(". ")
    stem, dot, extension = last.rpartition(".")
    if not dot:
        return last[:LONGEST_NAME] or "file"
    return f"{stem[: LONGEST_NAME - len(extension) - 1]}.{extension}"[-LONGEST_NAME:]


def _check(upload: UploadedFile, name: str) -> Kind:
    kind = KINDS.get(name.rpartition(".")[2].lower())
    size = upload.size or 0
    if kind is None:
        raise FileRefused(
            _(
                "“%(name)s” is of a kind we do not take. Send a picture, a video, PDF, text, Word, Excel or ZIP."
            )
            % {"name": name}
        )
    if not size:
        raise FileRefused(_("“%(name)s” is empty.") % {"name": name})
    if size > kind.limit:
        raise FileRefused(
            _("“%(name)s” has %(size)d MB; files of this kind may have up to %(limit)d MB.")
            % {"name": name, "size": -(-size // MB), "limit": kind.limit // MB}
        )
    upload.seek(0)
    sniffed = magic.from_buffer(upload.read(SNIFFED), mime=True)
    if sniffed not in kind.sniffed:
        raise FileRefused(
            _("“%(name)s” is not what its ending says. Save it anew and attach it again.")
            % {"name": name}
        )
    return kind


def _preview(upload: UploadedFile, name: str) -> tuple[bytes, tuple[int, int]]:
    """Draw the picture anew: what comes out holds pixels only, no EXIF and nothing appended."""
    upload.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(upload.file, formats=FORMATS) as picture:  # type: ignore[arg-type]
                size = picture.size
                return _drawn(picture), size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileRefused(
            _("“%(name)s” has too many pixels; up to 40 million are fine.") % {"name": name}
        ) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise FileRefused(
            _("“%(name)s” cannot be read as a picture. Make the screenshot again.") % {"name": name}
        ) from error


def _drawn(picture: Image.Image) -> bytes:
    has_alpha = picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info
    shown = picture.convert("RGBA" if has_alpha else "RGB")
    shown.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    out = io.BytesIO()
    if has_alpha or picture.format == "PNG":
        shown.save(out, "PNG", optimize=False)
    else:
        shown.save(out, "JPEG", quality=85)
    return out.getvalue()


def _store(upload: UploadedFile, place: Path) -> str:
    digest = hashlib.sha256()
    upload.seek(0)
    with _fresh(place) as file:
        for chunk in upload.chunks():
            digest.update(chunk)
            file.write(chunk)
    Path(file.name).rename(place)
    return digest.hexdigest()


def _write(content: bytes, place: Path) -> None:
    with _fresh(place) as file:
        file.write(content)
    Path(file.name).rename(place)


def _fresh(place: Path) -> Any:
    return tempfile.NamedTemporaryFile(dir=place.parent, delete=False)  # mode 0600


def serve(
    *,
    id: UUID,
    name: str,
    content_type: str,
    is_preview: bool = False,
) -> HttpResponseBase:
    """Answer with a file. Only our own drawing of a picture is ever shown in place."""
    place = path_of(id)
    if is_preview:
        place = place.with_name(place.name + PREVIEW_SUFFIX)
    if not place.exists():
        raise Http404
    response = _body(place, name, is_preview)
    response.headers["Content-Type"] = _preview_type(place) if is_preview else content_type
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'none'"
    )
    response.headers["Cross-Origin-Resource-Policy"] = "same-site"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _body(place: Path, name: str, is_preview: bool) -> HttpResponseBase:  # noqa: FBT001
    response = FileResponse(_open(place), as_attachment=not is_preview, filename=name)
    if settings.ATTACHMENT_SENDFILE != "nginx":
        return response
    handed = HttpResponse(headers={"Content-Disposition": response.headers["Content-Disposition"]})
    response.close()
    handed.headers["X-Accel-Redirect"] = f"/_att/{place.parent.name}/{place.name}"
    return handed


def _open(place: Path) -> IO[bytes]:
    return os.fdopen(os.open(place, os.O_RDONLY), "rb")


def _preview_type(place: Path) -> str:
    with place.open("rb") as file:
        return "image/png" if file.read(4) == b"\x89PNG" else "image/jpeg"
