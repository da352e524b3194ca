"""Files of customers: what is taken, what is refused and how, where it lies and how it leaves."""

import io
import json
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.http import Http404
from django.test import RequestFactory, override_settings
from django.utils import translation
from PIL import Image

from portal import files

SHARED = Path(os.environ.get("SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
HOSTILE = SHARED / "hostile" / "upload_filenames.json"


@pytest.fixture(autouse=True)
def root(tmp_path: Path) -> Iterator[Path]:
    """A place for files of this test alone; refusals are in English."""
    with override_settings(ATTACHMENT_ROOT=tmp_path), translation.override("en"):
        yield tmp_path


def picture(form: str = "PNG", size: tuple[int, int] = (40, 30), **how: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, form, **how)
    return out.getvalue()


def packed(name: str = "a.txt") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "…")
    return out.getvalue()


def office(folder: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", "<Relationships/>")
        archive.writestr(f"{folder}/document.xml", "<x/>")
    return out.getvalue()


def accept(name: str, content: bytes) -> files.Accepted:
    return files.accept(SimpleUploadedFile(name, content))


def refused(name: str, content: bytes) -> str:
    with pytest.raises(files.FileRefused) as refusal:
        accept(name, content)
    assert refusal.value.field == "files"
    return str(refusal.value.message)


def left(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


MP4 = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + b"\0" * 64
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"
MOV = b"\0\0\0\x14ftypqt  \0\0\0\0qt  \0\0\0\x08wide" + b"\0" * 64
HAR = b'{"log": {"entries": [' + b'{"text": "<html><body>ok</body></html>"},' * 400 + b"{}]}}"
TAKEN = [
    ("снимок.png", picture(), "image/png"),
    ("a.JPG", picture("JPEG"), "image/jpeg"),
    ("a.jpeg", picture("JPEG"), "image/jpeg"),
    ("a.gif", picture("GIF"), "image/gif"),
    ("a.webp", picture("WEBP"), "image/webp"),
    ("a.heic", picture("HEIF"), "image/heic"),
    ("запись.mp4", MP4, "video/mp4"),
    ("a.webm", WEBM, "video/webm"),
    ("a.mov", MOV, "video/quicktime"),
    ("a.pdf", b"%PDF-1.7\n1 0 obj<<>>endobj\n", "application/pdf"),
    ("a.txt", "Шаг один".encode(), "text/plain"),
    ("cp1251.txt", "Шаг один".encode("cp1251"), "text/plain"),
    ("utf16.txt", "Шаг один".encode("utf-16"), "text/plain"),
    ("a.log", b"2026-11-23 12:00 ERROR <html> expected\n\tat Booking\n", "text/plain"),
    ("mail.txt", b"From: a@verf.example\nReceived: by x\nSubject: y\n\nz", "text/plain"),
    ("a.csv", b"a,b,c\n1,2,3\n4,5,6\n", "text/csv"),
    ("a.json", b'{"a": 1}', "application/json"),
    ("a.har", HAR, "application/json"),
    ("a.docx", office("word"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("a.xlsx", office("xl"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("a.zip", packed(), "application/zip"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "content_type"), TAKEN, ids=[one[0] for one in TAKEN])
def test_what_helps_is_taken_and_its_type_is_ours(
    name: str, content: bytes, content_type: str
) -> None:
    taken = accept(name, content)
    assert (taken.name, taken.content_type, taken.size) == (name, content_type, len(content))
    assert files.path_of(taken.id).read_bytes() == content


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>alert(1)</script></html>"
PROGRAM = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + b"\0" * 200
REFUSED = [
    ("a.svg", SVG),
    ("a.png", SVG),
    ("a.txt", SVG),
    ("a.html", HTML),
    ("a.txt", HTML),
    ("a.pdf", HTML),
    ("a.json", HTML),
    ("a.json", b"no json at all"),
    ("a.txt", b"<?php system($_GET[0]);"),
    ("a.exe", PROGRAM),
    ("a.zip", PROGRAM),
    ("a.txt", b"\x7fELF\x02\x01\x01" + b"\0" * 60),
    ("a.docm", packed()),
    ("a.png", picture("JPEG")),
    ("a.mp4", b"RIFF\0\0\0\0AVI LIST"),
    ("noending", b"text"),
    (".htaccess", b"AddType application/x-httpd-php .png"),
    ("\u200b.htaccess", b"AddType application/x-httpd-php .png"),
]


@pytest.mark.parametrize(("name", "content"), REFUSED)
def test_what_may_do_harm_is_refused_by_name_and_leaves_nothing(
    name: str, content: bytes, root: Path
) -> None:
    words = refused(name, content)
    assert files.clean_name(name) in words
    assert "PDF" in words
    assert left(root) == []


def test_an_empty_file_is_refused(root: Path) -> None:
    assert "“a.txt”" in refused("a.txt", b"")
    assert left(root) == []


class Heavy(SimpleUploadedFile):
    """An upload that says how large it is and must not be read."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(name, b"-")
        self.size = size

    def read(self, *_args: object, **_kwargs: object) -> bytes:
        raise AssertionError("too large to be read")


@pytest.mark.parametrize(("name", "limit"), [("a.png", 15), ("a.mp4", 100), ("a.pdf", 25)])
def test_what_is_too_large_is_refused_with_its_limit_before_it_is_read(
    name: str, limit: int
) -> None:
    with pytest.raises(files.FileRefused) as refusal:
        files.accept(Heavy(name, limit * files.MB + 1))
    assert name in str(refusal.value.message)
    assert str(limit) in str(refusal.value.message)


NAMES = [
    ("..\\..\\x.php", "x.php"),
    ("../../etc/passwd.txt", "passwd.txt"),
    ("a\r\nX: y.txt", "aX: y.txt"),
    ("x\u202egnp.exe", "xgnp.exe"),
    ("\u200b.htaccess", "htaccess"),
    (" . a.png . ", "a.png"),
    ("\ud800\x00", "file"),
    ("", "file"),
    ("...", "file"),
    ("отчёт\u2028№ 5.pdf", "отчёт № 5.pdf"),
    ("\u0438\u0306.txt", "\u0439.txt"),
    ("a" * 300 + ".png", "a" * 116 + ".png"),
    ("a." + "b" * 300, "b" * 120),
]


@pytest.mark.parametrize(("name", "shown"), NAMES)
def test_names_are_shown_without_paths_and_tricks(name: str, shown: str) -> None:
    assert files.clean_name(name) == shown


def hostile_names() -> list[str]:
    if not HOSTILE.is_file():
        pytest.skip(f"no hostile names: SHARED_DATA holds no {HOSTILE.name}")
    return [row["name"] for row in json.loads(HOSTILE.read_text(encoding="utf-8"))]


def test_no_hostile_name_reaches_the_disk_or_the_reader(root: Path) -> None:
    for name in hostile_names():
        shown = files.clean_name(name)
        assert 0 < len(shown) <= files.LONGEST_NAME
        assert "/" not in shown
        assert "\\" not in shown
        assert shown.isprintable()
        place = files.path_of(accept(f"{name}.png", picture()).id)
        assert place.parent.parent == root
        assert len(place.name) == 36


def test_bytes_lie_under_a_random_name_that_only_we_can_read(root: Path) -> None:
    taken = accept("снимок.png", picture())
    place = files.path_of(taken.id)
    assert place == root / str(taken.id)[:2] / str(taken.id)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert sorted(left(root)) == sorted([place, files._preview_of(place)])


def test_a_failure_while_storing_leaves_nothing_behind(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_write", lambda *_args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        accept("a.png", picture())
    assert left(root) == []


def drawn(taken: files.Accepted) -> Image.Image:
    return Image.open(files._preview_of(files.path_of(taken.id)))


def test_the_preview_has_no_place_of_the_shot_and_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    taken = accept("a.jpg", picture("JPEG", (40, 30), exif=exif))
    assert (taken.has_preview, taken.width, taken.height) == (True, 40, 30)
    with drawn(taken) as shown:
        assert shown.size == (30, 40)
        assert dict(shown.getexif()) == {}


def test_what_is_appended_to_a_picture_is_not_in_its_preview() -> None:
    taken = accept("a.gif", picture("GIF") + b"<script>alert(1)</script>")
    assert b"<script>" not in files._preview_of(files.path_of(taken.id)).read_bytes()


def test_a_huge_picture_is_shown_smaller() -> None:
    taken = accept("a.jpg", picture("JPEG", (5000, 1000)))
    with drawn(taken) as shown:
        assert max(shown.size) == files.PREVIEW_SIDE
    assert (taken.width, taken.height) == (5000, 1000)


def test_transparency_stays() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
    with drawn(accept("a.png", out.getvalue())) as shown:
        assert shown.mode == "RGBA"


def test_a_picture_with_too_many_pixels_is_refused(root: Path) -> None:
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    assert "40" in refused("бомба.png", out.getvalue())
    assert left(root) == []


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_broken_picture_is_refused_with_words(form: str, root: Path) -> None:
    content = picture(form, (400, 300))
    ending = form.lower()
    assert f"a.{ending}" in refused(f"a.{ending}", content[: len(content) // 4] + b"\xff" * 8)
    assert left(root) == []


def test_forgetting_removes_original_and_preview_and_may_happen_twice(root: Path) -> None:
    taken = accept("a.png", picture())
    files.forget(taken.id)
    files.forget(taken.id)
    assert left(root) == []


def headers(taken: files.Accepted, *, is_preview: bool = False) -> dict[str, str]:
    response = files.serve(
        id=taken.id, name=taken.name, content_type=taken.content_type, is_preview=is_preview
    )
    response.close()
    return dict(response.headers)


@pytest.mark.django_db
def test_originals_are_saved_and_never_shown_in_place() -> None:
    sent = headers(accept("Снимок экрана.png", picture()))
    assert sent["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert sent["Content-Type"] == "image/png"
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert sent["Cross-Origin-Resource-Policy"] == "same-site"
    assert sent["Cache-Control"] == "private, no-store"


@pytest.mark.django_db
def test_previews_are_shown_under_the_type_of_our_own_drawing() -> None:
    sent = headers(accept("a.heic", picture("HEIF")), is_preview=True)
    assert sent["Content-Disposition"] == 'inline; filename="a.jpg"'
    assert sent["Content-Type"] == "image/jpeg"
    assert sent["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.django_db
@override_settings(ATTACHMENT_SENDFILE="nginx")
def test_behind_nginx_only_the_place_is_named() -> None:
    taken = accept("a.pdf", b"%PDF-1.7\n")
    sent = headers(taken)
    assert sent["X-Accel-Redirect"] == f"/_att/{str(taken.id)[:2]}/{taken.id}"
    assert sent["Content-Type"] == "application/pdf"
    assert sent["Content-Disposition"] == 'attachment; filename="a.pdf"'
    assert sent["X-Content-Type-Options"] == "nosniff"


def test_a_file_whose_bytes_are_gone_is_not_found() -> None:
    with pytest.raises(Http404):
        files.serve(id=uuid4(), name="a.png", content_type="image/png")


Receive = Callable[..., list[files.Upload]]


@pytest.fixture
def receive() -> Iterator[Receive]:
    """Send files as a browser does, through the handlers of the settings."""
    requests = []

    def received(*contents: bytes) -> list[files.Upload]:
        sent = [SimpleUploadedFile(f"{number}.png", one) for number, one in enumerate(contents)]
        requests.append(RequestFactory().post("/", {"files": sent}))
        return requests[-1].FILES.getlist("files")

    yield received
    for request in requests:
        request.close()


def test_an_upload_within_the_limit_arrives_whole(receive: Receive) -> None:
    content = os.urandom(3 * files.MB)
    taken = receive(content, b"small")
    assert [type(one) for one in taken] == [TemporaryUploadedFile] * 2
    assert [one.read() for one in taken] == [content, b"small"]


def test_an_upload_beyond_the_limit_of_a_message_fills_no_disk_and_is_refused_by_name(
    receive: Receive,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 4 * files.MB)
    first, cut = receive(b"-" * 3 * files.MB, b"-" * 3 * files.MB)
    assert first.size == 3 * files.MB
    assert cut.seek(0, 2) <= files.MB
    with pytest.raises(files.FileRefused, match=r"1\.png.*up to 4 MB together"):
        files.accept(cut)
