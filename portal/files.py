"""Files of customers: sniffed by content, limited, kept outside any web root, served with care.

Limits, kinds and headers: design/security.md, section 4.
"""

import hashlib
import io
import os
import tempfile
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias
from uuid import UUID, uuid4

import pylibmagic  # noqa: F401 (brings libmagic itself; it must be imported before magic)

import magic  # isort: skip
import pillow_heif
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from portal.refusals import Refused

if TYPE_CHECKING:
    Upload: TypeAlias = UploadedFile[Any]
else:
    Upload = UploadedFile

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


Fits = Callable[[str, bytes], bool]


@dataclass(frozen=True)
class Kind:
    """One accepted kind of file: its type, how large it may be, and whether content fits it."""

    content_type: str
    limit: int  # bytes
    fits: Fits
    is_image: bool = False


def _is(*types: str) -> Fits:
    """Fit what is sniffed as one of these types."""
    return lambda sniffed, _head: sniffed in types


def _is_text(sniffed: str, head: bytes) -> bool:
    # A log may quote a page somewhere; what begins as markup is a page, script or drawing.
    is_markup = sniffed != "text/plain" and head.lstrip(SPACE).startswith(b"<")
    return (sniffed.startswith("text/") or sniffed in TEXTS) and not is_markup


def _is_json(sniffed: str, head: bytes) -> bool:
    return _is_text(sniffed, head) and head.lstrip(SPACE).startswith((b"{", b"["))


def _image(content_type: str, *also: str) -> Kind:
    return Kind(content_type, 15 * MB, _is(content_type, *also), is_image=True)


def _video(content_type: str, *also: str) -> Kind:
    return Kind(content_type, 100 * MB, _is(content_type, *also))


def _other(content_type: str, fits: Fits | None = None) -> Kind:
    return Kind(content_type, 25 * MB, fits or _is(content_type))


def _office(name: str) -> Kind:
    content_type = f"application/vnd.openxmlformats-officedocument.{name}"
    return _other(content_type, _is(content_type, "application/zip"))


SPACE = b"\xef\xbb\xbf\xff\xfe \t\r\n\0"  # byte order marks too
TEXTS = frozenset({"application/json", "application/x-ndjson", "message/rfc822"})
KINDS: Mapping[str, Kind] = {
    "png": _image("image/png"),
    "jpg": _image("image/jpeg"),
    "jpeg": _image("image/jpeg"),
    "gif": _image("image/gif"),
    "webp": _image("image/webp"),
    "heic": _image("image/heic", "image/heif"),
    "mp4": _video("video/mp4", "video/x-m4v", "video/quicktime"),
    "webm": _video("video/webm", "video/x-matroska"),
    "mov": _video("video/quicktime", "video/mp4"),
    "pdf": _other("application/pdf"),
    "txt": _other("text/plain", _is_text),
    "log": _other("text/plain", _is_text),
    "csv": _other("text/csv", _is_text),
    "json": _other("application/json", _is_json),
    "har": _other("application/json", _is_json),
    "docx": _office("wordprocessingml.document"),
    "xlsx": _office("spreadsheetml.sheet"),
    "zip": _other("application/zip"),
}
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "HEIF")
POLICY = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'none'"
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


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Takes uploads to disk, and never more of a request than a message may carry.

    The rest is read and dropped, so that the answer can name the file instead of hanging up.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._left = MOST_BYTES

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keep a chunk while there is room for it."""
        self._left -= len(raw_data)
        if self._left >= 0:
            super().receive_data_chunk(raw_data, start)
        return None

    def file_complete(self, file_size: int) -> Upload | None:
        """Hand the file over; a part of it counts as too much."""
        upload = super().file_complete(file_size)
        if upload is not None and self._left < 0:
            upload.size = MOST_BYTES + file_size
        return upload


def accept(upload: Upload) -> Accepted:
    """Check a file and store it under a new id. Raises FileRefused; nothing is left behind then."""
    name = clean_name(upload.name or "")
    kind = _check(upload, name)
    preview, size = _preview(upload, name) if kind.is_image else (None, (None, None))
    id = uuid4()  # noqa: A001
    try:
        digest = _store(upload, path_of(id))
        if preview is not None:
            _write(preview, _preview_of(path_of(id)))
    except BaseException:
        forget(id)
        raise
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


@dataclass(frozen=True)
class Widths:
    """A picture drawn anew in several widths, as WebP."""

    name: str
    width: int
    height: int
    contents: Mapping[int, bytes]  # by width


def in_widths(upload: Upload, widths: Sequence[int]) -> Widths | None:
    """Draw a picture anew in these widths, none wider than itself; None for what is no picture.

    Raises FileRefused.
    """
    name = clean_name(upload.name or "")
    kind = _check(upload, name)
    if not kind.is_image:
        return None
    upload.seek(0)
    with _refusing(name), Image.open(upload.file, formats=FORMATS) as picture:  # type: ignore[arg-type]
        has_alpha = picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info
        upright = ImageOps.exif_transpose(picture).convert("RGBA" if has_alpha else "RGB")
        wanted = sorted({min(width, upright.width) for width in widths})
        return Widths(
            name, upright.width, upright.height, {one: _narrowed(upright, one) for one in wanted}
        )


# What a WebP of ours consists of; no room for EXIF or anything else that nobody sees.
CHUNKS = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH"})


def is_drawn_here(name: str, content: bytes, width: int) -> bool:
    """Whether these bytes are a WebP of this width that holds pixels and nothing beside them."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return False
    place, whole = 12, 8 + int.from_bytes(content[4:8], "little")
    while place < len(content):
        if content[place : place + 4] not in CHUNKS:
            return False
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8 + length + length % 2
    with _refusing(name), Image.open(io.BytesIO(content), formats=["WEBP"]) as picture:
        picture.load()
        return picture.width == width and place == whole == len(content)


def _narrowed(picture: Image.Image, width: int) -> bytes:
    height = max(1, round(picture.height * width / picture.width))
    shown = picture.resize((width, height)) if width < picture.width else picture.copy()
    out = io.BytesIO()
    _without_marks(shown).save(out, "WEBP", quality=82)
    return out.getvalue()


def keep_bytes(id: UUID, content: bytes, *, suffix: str) -> None:  # noqa: A002
    """Keep bytes of our own making beside a name of ours."""
    place = path_of(id)
    _write(content, place.with_name(place.name + suffix))


def forget_bytes(id: UUID, *, suffix: str) -> None:  # noqa: A002
    """Delete such bytes."""
    place = path_of(id)
    place.with_name(place.name + suffix).unlink(missing_ok=True)


def serve_bytes(id: UUID, *, suffix: str, content_type: str, is_public: bool) -> HttpResponseBase:  # noqa: A002
    """Answer with bytes of our own making; those of a public page may be kept by whoever asked."""
    place = path_of(id)
    place = place.with_name(place.name + suffix)
    if not place.is_file():
        raise Http404
    response = _handed(place, FileResponse(_open(place), filename=place.name), content_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if is_public else "private, no-store"
    )
    return response


@contextmanager
def writing(id: UUID) -> Iterator[Path]:  # noqa: A002
    """Give a place to write a file of our own; it gets its name when it is whole, and not before."""
    place = path_of(id)
    draft = place.with_name(f".{place.name}")
    place.parent.mkdir(parents=True, exist_ok=True)
    draft.touch(mode=0o600)
    try:
        yield draft
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


def forget(id: UUID) -> None:  # noqa: A002
    """Delete the bytes of a file."""
    place = path_of(id)
    place.unlink(missing_ok=True)
    _preview_of(place).unlink(missing_ok=True)


def path_of(id: UUID) -> Path:  # noqa: A002
    """Name the place of a file: never from its name."""
    return Path(settings.ATTACHMENT_ROOT) / str(id)[:2] / str(id)


def _preview_of(place: Path) -> Path:
    return place.with_name(place.name + PREVIEW_SUFFIX)


def clean_name(name: str) -> str:
    """Give a name fit for showing: no path, no invisible or control characters, not too long."""
    # Order matters: invisible characters go first, or they hide what follows (CVE-2026-28289).
    visible = "".join(sign for sign in name if unicodedata.category(sign)[0] != "C")
    line = " ".join(unicodedata.normalize("NFC", visible).split())
    last = line.replace("\\", "/").rsplit("/", 1)[-1].strip(". ")
    stem, dot, extension = last.rpartition(".")
    if not dot:
        return last[:LONGEST_NAME] or "file"
    return f"{stem[: LONGEST_NAME - len(extension) - 1]}.{extension}"[-LONGEST_NAME:]


def _check(upload: Upload, name: str) -> Kind:
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
    if size > MOST_BYTES:
        raise FileRefused(
            _(
                "“%(name)s” does not fit: a message takes up to %(most)d MB together, a file of"
                " this kind up to %(limit)d MB."
            )
            % {"name": name, "most": MOST_BYTES // MB, "limit": kind.limit // MB}
        )
    if size > kind.limit:
        raise FileRefused(
            _("“%(name)s” has %(size)d MB; files of this kind may have up to %(limit)d MB.")
            % {"name": name, "size": -(-size // MB), "limit": kind.limit // MB}
        )
    upload.seek(0)
    head = upload.read(SNIFFED)
    if not kind.fits(magic.from_buffer(head, mime=True), head):
        raise FileRefused(
            _(
                "“%(name)s” is not what its ending says. Save it anew as a picture, a video, PDF,"
                " text, Word, Excel or ZIP and attach it again."
            )
            % {"name": name}
        )
    return kind


def _preview(upload: Upload, name: str) -> tuple[bytes, tuple[int, int]]:
    """Draw the picture anew: what comes out holds pixels only, no EXIF and nothing appended."""
    upload.seek(0)
    with _refusing(name), Image.open(upload.file, formats=FORMATS) as picture:  # type: ignore[arg-type]
        size = picture.size
        return _drawn(picture), size


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turn what decoders of pictures raise into words. Raises FileRefused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileRefused(
            _("“%(name)s” has too many pixels; up to 40 million are fine.") % {"name": name}
        ) from error
    except Exception as error:  # decoders of pictures fail in many ways
        raise FileRefused(
            _("“%(name)s” cannot be read as a picture. Make the screenshot again.") % {"name": name}
        ) from error


def _drawn(picture: Image.Image) -> bytes:
    picture.draft("RGB", (PREVIEW_SIDE, PREVIEW_SIDE))  # a large JPEG is read smaller at once
    has_alpha = picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info
    upright = ImageOps.exif_transpose(picture)
    shown = upright.convert("RGBA" if has_alpha else "RGB")
    shown.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    out = io.BytesIO()
    if has_alpha or picture.format == "PNG":
        _without_marks(shown).save(out, "PNG")
    else:
        _without_marks(shown).save(out, "JPEG", quality=85)
    return out.getvalue()


def _without_marks(picture: Image.Image) -> Image.Image:
    picture.info.clear()  # EXIF with the place of the shot, comments, profiles
    return picture


def _store(upload: Upload, place: Path) -> str:
    digest = hashlib.sha256()
    upload.seek(0)
    with _fresh(place) as file:
        for chunk in upload.chunks():
            digest.update(chunk)
            file.write(chunk)
        _settle(file, place)
    return digest.hexdigest()


def _write(content: bytes, place: Path) -> None:
    with _fresh(place) as file:
        file.write(content)
        _settle(file, place)


def _fresh(place: Path) -> Any:
    place.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.NamedTemporaryFile(dir=place.parent, prefix=".")  # mode 0600


def _settle(file: Any, place: Path) -> None:
    """Give a written file its name; before that nobody sees it, and after it nobody loses it."""
    file.flush()
    os.fsync(file.fileno())
    os.link(file.name, place)


def serve(
    *,
    id: UUID,  # noqa: A002
    name: str,
    content_type: str,
    is_preview: bool = False,
) -> HttpResponseBase:
    """Answer with a file. Only our own drawing of a picture is ever shown in place."""
    place = _preview_of(path_of(id)) if is_preview else path_of(id)
    if not place.is_file():
        raise Http404
    response = _shown(place, name) if is_preview else _original(place, name, content_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-site"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _original(place: Path, name: str, content_type: str) -> HttpResponseBase:
    return _handed(
        place, FileResponse(_open(place), as_attachment=True, filename=name), content_type
    )


def _shown(place: Path, name: str) -> HttpResponseBase:
    extension, content_type = _drawn_as(place)
    filename = f"{name.rpartition('.')[0] or name}.{extension}"
    return _handed(place, FileResponse(_open(place), filename=filename), content_type)


def _handed(place: Path, response: FileResponse, content_type: str) -> HttpResponseBase:
    """Let nginx send the bytes where it stands in front."""
    if settings.ATTACHMENT_SENDFILE == "nginx":
        disposition = response.headers["Content-Disposition"]
        response.close()
        accel = f"/_att/{place.parent.name}/{place.name}"
        return HttpResponse(
            content_type=content_type,
            headers={"Content-Disposition": disposition, "X-Accel-Redirect": accel},
        )
    response.headers["Content-Type"] = content_type
    return response


def _open(place: Path) -> IO[bytes]:
    return os.fdopen(os.open(place, os.O_RDONLY), "rb")


def _drawn_as(place: Path) -> tuple[str, str]:
    with place.open("rb") as file:
        is_png = file.read(4) == b"\x89PNG"
    return ("png", "image/png") if is_png else ("jpg", "image/jpeg")
