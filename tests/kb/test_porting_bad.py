"""What is bad is refused at its place with the reason, and the rest is taken."""

import json
import os
import stat
import zipfile
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from PIL import Image

from accounts.models import User
from kb.models import Article, Picture, Section
from kb.porting import boxes, importing, readers
from kb.porting.charsets import text_of
from kb.porting.shape import BadRow, Report
from portal.refusals import NotAllowed
from tests.kb.test_hostile import PAYLOADS
from tests.portal.test_html import SHARED, assert_harmless

pytestmark = pytest.mark.django_db
GOOD = "# Хорошая\n\nСлова.\n"


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    settings.ATTACHMENT_ROOT = tmp_path / "files"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with one good article."""
    place = tmp_path / "source"
    place.mkdir()
    (place / "good.md").write_text(GOOD)
    return place


def take(source: Path, at: datetime, **options: Any) -> Report:
    report = importing.import_from(source, at=at, **options)
    assert all(why for _place, why in report.skipped)
    return report


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "koi8-r", "cp866"],
)
def test_russian_texts_of_any_encoding_are_read(source: Path, at: datetime, encoding: str) -> None:
    text = (
        "# Скидки за раннее бронирование\n\nПроцент, первая ночь или вся сумма: сколько держать.\n"
    )
    (source / "a.md").write_bytes(text.encode(encoding))
    assert take(source, at).created == 2
    assert Article.objects.filter(current_revision__title="Скидки за раннее бронирование").exists()


@pytest.mark.parametrize(
    "raw", [b"\x89PNG\r\n\x1a\n\0\0\0", b"\xff\xfe\x00", bytes(range(128, 256)) * 9]
)
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRow):
        text_of(raw, "not a text")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bytes.md", bytes(range(128, 256)) * 20),
        ("picture.md", b"\x89PNG\r\n\x1a\n" + b"\0\1\2\3" * 99),
        ("front.md", "---\ntitle: [\n---\nСлова"),
        ("list.md", "---\n- a\n- b\n---\nСлова"),
        ("title.md", "---\ntitle: [a, b]\n---\nСлова"),
        ("tags.md", "---\ntags: {a: b}\n---\nСлова"),
        ("nested.md", "---\ntags: [[a], [b]]\n---\nСлова"),
        ("access.md", "---\naccess: kings\n---\nСлова"),
        ("language.md", "---\nlanguage: tlh\n---\nСлова"),
        ("slug.md", "---\nslug: ../../etc\n---\nСлова"),
        ("day.md", "---\nchecked_on: завтра\n---\nСлова"),
        ("month.md", "---\nreview_by: '2026-13-45'\n---\nСлова"),
        ("status.md", "---\nstatus: maybe\n---\nСлова"),
        ("votes.md", "---\nvotes: много\n---\nСлова"),
        ("pictures.md", "---\npictures: [{id: 1}]\n---\nСлова"),
        ("bomb.md", ("---\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                    "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\ntags: [*c,*c,*c]\n---\nСлова")),
        ("object.md", "---\ntitle: !!python/object/apply:os.system [ls]\n---\nСлова"),
        ("---.md", "Слова без названия"),
        ("large.md", "# Большая\n\n" + "слово " * 900_000),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_alone(
    source: Path, at: datetime, name: str, content: str | bytes
) -> None:
    (source / name).write_bytes(content.encode() if isinstance(content, str) else content)
    report = take(source, at)
    assert (report.created, [place for place, _why in report.skipped]) == (1, [name])
    assert Article.objects.get().slug == "good"


def test_one_address_is_not_given_twice(source: Path, at: datetime) -> None:
    (source / "a.md").write_text("---\nslug: one\n---\n# Раз\n\nСлова.")
    (source / "b.md").write_text("---\nslug: one\n---\n# Два\n\nСлова.")
    report = take(source, at)
    assert (report.created, [place for place, _why in report.skipped]) == (2, ["b.md"])


def test_sections_in_a_circle_are_straightened_and_told(tmp_path: Path, at: datetime) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 4, "name": "В круг", "category_id": None, "parent_section_id": 1, "locale": "ru"},
        {"id": 1, "name": "Раз", "category_id": None, "parent_section_id": 2, "locale": "ru"},
        {"id": 2, "name": "Два", "category_id": None, "parent_section_id": 1, "locale": "ru"},
        {"id": 3, "name": "Сам", "category_id": None, "parent_section_id": 3, "locale": "ru"},
    ]
    articles = [
        {"id": 10 + n, "title": f"Статья {n}", "locale": "ru", "section_id": n, "vote_sum": 0,
         "body": "<p>Да</p>"} for n in (1, 2, 3)
    ]  # fmt: skip
    place = tmp_path / "dump"
    place.mkdir()
    (place / "dump.json").write_text(json.dumps({"sections": rows, "articles": articles}))
    report = take(place, at)
    assert (report.created, report.sections, report.refused, report.misplaced) == (3, 4, 0, 2)
    assert Section.objects.filter(parent__isnull=True).count() == 2


def test_broken_json_is_refused_at_its_line(tmp_path: Path, at: datetime) -> None:
    place = tmp_path / "a.jsonl"
    good = json.dumps({"path": "a.md", "title": "Раз", "markdown": "Слова."})
    deep = "[" * 100_000
    place.write_text(f'{good}\n{{"path": \n{deep}\n["a"]\n\xff\n')
    report = take(place, at)
    assert report.created == 1
    assert [place.split()[-1] for place, _why in report.skipped] == ["2", "3", "4", "5"]


def picture(kind: str) -> bytes:
    out = BytesIO()
    if kind == "bomb":
        Image.new("1", (40_000, 40_000)).save(out, "PNG")
    else:
        Image.new("RGB", (9, 9)).save(out, "PNG")
    content = out.getvalue()
    return {"half": content[: len(content) // 2], "text": b"no picture"}.get(kind, content)


@pytest.mark.parametrize("is_dry", [True, False])
@pytest.mark.parametrize("kind", ["bomb", "half", "text"])
def test_a_bad_picture_is_left_out_and_told(
    source: Path, at: datetime, kind: str, is_dry: bool
) -> None:
    (source / "p.png").write_bytes(picture(kind))
    (source / "q.png").write_bytes(picture("good"))
    (source / "a.md").write_text("# Раз\n\nСлова ![а](p.png) ![б](q.png) ![в](../../etc/passwd)")
    report = take(source, at, is_dry=is_dry)
    assert (report.created, report.pictures, report.missing) == (2, 1, 2)
    assert Picture.objects.count() == (0 if is_dry else 1)


def test_pictures_are_never_fetched(
    source: Path, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_args: Any, **_values: Any) -> None:
        pytest.fail("the network was asked")

    monkeypatch.setattr("socket.socket.connect", forbidden)
    (source / "a.md").write_text(
        "# Раз\n\nСлова ![а](http://169.254.169.254/x.png) ![б](file:///etc/passwd) ![в](//x/y.png)"
    )
    (source / "b.md").write_text("# Два\n\n<img src='data:image/png;base64,AAAA' alt=х>Слова")
    report = importing.Run(importing.Wish(source, at, is_dry=True))
    for _step in report.steps():
        pass
    # What is no address of a picture at all stays words.
    assert report.report.missing == 3


def packed(place: Path, entries: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name) if "\\" in name else name, content)
    return place


@pytest.mark.parametrize(
    "name",
    ["../evil.md", "a/../../evil.md", "/etc/evil.md", "C:/evil.md", "..\\evil.md", "C:\\evil.md"],
)
def test_what_leads_out_of_an_archive_is_refused(tmp_path: Path, at: datetime, name: str) -> None:
    report = take(packed(tmp_path / "a.zip", {name: "# Зло\n\nСлова.", "good.md": GOOD}), at)
    assert (report.created, report.refused) == (1, 1)
    assert not list(tmp_path.rglob("evil.md"))


def test_links_in_archives_and_folders_are_not_followed(
    source: Path, tmp_path: Path, at: datetime
) -> None:
    (tmp_path / "secret.md").write_text("# Тайна\n\nСлова.")
    (source / "link.md").symlink_to(tmp_path / "secret.md")
    report = take(source, at)
    assert (report.created, report.refused) == (1, 1)
    link = zipfile.ZipInfo("link.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good.md", GOOD)
    report = take(tmp_path / "a.zip", at)
    assert (report.unchanged, report.refused) == (1, 1)


def test_a_bomb_in_an_archive_is_refused_alone(tmp_path: Path, at: datetime) -> None:
    bomb = b"0" * (50 * 1024 * 1024)
    report = take(packed(tmp_path / "a.zip", {"bomb.md": bomb, "good.md": GOOD}), at)
    assert (report.created, [place for place, _why in report.skipped]) == (1, ["bomb.md"])


def test_an_archive_that_lies_about_a_size_is_refused_at_its_place(
    tmp_path: Path, at: datetime
) -> None:
    place = packed(tmp_path / "a.zip", {"lie.md": "# Раз\n\n" + "слово " * 500, "good.md": GOOD})
    raw = bytearray(place.read_bytes())
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = raw.find(mark)
        raw[start + offset : start + offset + 4] = (20).to_bytes(4, "little")
    place.write_bytes(raw)
    report = take(place, at)
    assert (report.created, report.refused) == (1, 1)


def test_archives_beyond_measure_are_refused(
    tmp_path: Path, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = packed(tmp_path / "a.zip", {f"{n}.md": GOOD for n in range(20)})
    monkeypatch.setattr(boxes, "MOST_ENTRIES", 10)
    with pytest.raises(boxes.ArchiveTooLarge):
        take(place, at)
    monkeypatch.setattr(boxes, "MOST_ENTRIES", 100)
    monkeypatch.setattr(boxes, "MOST_BYTES", 100)
    with pytest.raises(boxes.ArchiveTooLarge):
        take(place, at)


def test_a_source_that_is_nothing_is_refused(tmp_path: Path, at: datetime) -> None:
    broken = tmp_path / "a.zip"
    broken.write_bytes(packed(tmp_path / "b.zip", {"good.md": GOOD}).read_bytes()[:-30])
    with pytest.raises(readers.UnknownFormat):
        take(broken, at)
    with pytest.raises(boxes.NoSource):
        take(tmp_path / "none", at)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(readers.UnknownFormat):
        take(empty, at)
    with pytest.raises(CommandError):
        call_command("import_articles", str(empty))


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY b "bbbb">]><solution-categories>&b;</solution-categories>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><solution-categories/>',
        "<solution-categories><solution-category>",
    ],
)
def test_dangerous_and_broken_xml_is_refused(tmp_path: Path, at: datetime, text: str) -> None:
    place = tmp_path / "dump"
    place.mkdir()
    (place / "Solutions.xml").write_text(text + "<!-- <solution-article> -->")
    report = take(place, at, format="freshdesk")
    assert (report.created, report.refused) == (0, 1)


def hostile() -> list[str]:
    folder = SHARED / "hostile"
    if not folder.is_dir():
        return []
    found: list[str] = []
    for name in ("blns.json", "bleach_pairs.json", "owasp_xss_filter_evasion.json"):
        found += _texts(json.loads((folder / name).read_text()))
    return found


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for one in inner for text in _texts(one)]


@pytest.mark.ignore_template_errors
@pytest.mark.parametrize("markup", ["markdown", "html"])
def test_hostile_words_run_nowhere(tmp_path: Path, at: datetime, markup: str) -> None:
    payloads = [*PAYLOADS, *hostile()]
    place = tmp_path / "a.jsonl"
    rows = [
        {"path": f"x/{n}", "title": text, "short": text, markup: text, "tags": [text],
         "section": f"s/{text[:20]}"} for n, text in enumerate(payloads)
    ]  # fmt: skip
    place.write_text("\n".join(json.dumps(row) for row in rows))
    report = take(place, at)
    assert report.created + report.refused == len(payloads)
    assert report.created > len(payloads) * 0.9
    for article in Article.objects.select_related("current_revision"):
        assert article.current_revision is not None
        assert_harmless(article.current_revision.body)
    client = Client()
    for article in Article.objects.order_by("pk")[:: max(1, len(payloads) // 25)]:
        assert client.get(article.get_absolute_url()).status_code == 200


def test_files_with_hostile_names_do_no_harm(tmp_path: Path, at: datetime) -> None:
    names = [
        "<script>.md",
        "'; drop table.md",
        "a\tb.md",
        "\u202ecod.md",
        "-rf.md",
        "con.md",
        "…/…\u200b.md",
    ]
    entries = {name: f"# Статья {n}\n\nСлова." for n, name in enumerate(names)}
    report = take(packed(tmp_path / "a.zip", {**entries, "x" * 400 + ".md": GOOD}), at)
    assert report.created == len(names)
    assert report.refused == 1


def test_only_editors_import(source: Path, at: datetime, sergey: User, elena: User) -> None:
    with pytest.raises(NotAllowed):
        take(source, at, actor=sergey)
    assert not Article.objects.exists()
    assert take(source, at, actor=elena).created == 1
    assert Article.objects.visible_to(AnonymousUser()).count() == 1


def test_a_folder_that_cannot_be_read_is_told(source: Path, at: datetime) -> None:
    (source / "a.md").write_text(GOOD)
    (source / "a.md").chmod(0)
    if os.access(source / "a.md", os.R_OK):
        pytest.skip("whoever runs this may read everything")
    assert take(source, at).refused == 1


def test_what_the_database_refuses_is_refused_alone(
    source: Path, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An access that the readers let through by mistake, too long for its column.
    (source / "b.md").write_text("---\naccess: public\n---\n# Два\n\nСлова.")
    real = importing.Decider._place

    def wrong(self: Any, piece: Any) -> dict[str, Any]:
        place = real(self, piece)
        return {**place, "access": "x" * 99} if piece.key == "b.md" else place

    monkeypatch.setattr(importing.Decider, "_place", wrong)
    report = take(source, at)
    assert (report.created, [place for place, _why in report.skipped]) == (1, ["b.md"])
