"""Where a source lies: a folder, a zip or one file; what is too large or leads out of it is refused.

Limits: design/security.md, section 4 (zip: names, number, size). Nothing is ever unpacked to disk.
"""

import gzip
import posixpath
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kb.porting.shape import Bad, BadRow
from portal.files import MB
from portal.refusals import Refused

MOST_ENTRIES = 50_000
MOST_BYTES = 2_000 * MB  # of all that an archive holds
LARGEST_FILE = 64 * MB  # a page of an API dump; articles and pictures have limits of their own
HIGHEST_RATIO = 200  # text packs to a tenth or so; bombs to a thousandth
SMALLEST_BOMB = MB  # below this no ratio matters
DRIVE = re.compile(r"^[A-Za-z]:")
# What programs leave in archives for themselves.
NOISE = re.compile(r"(?:^|/)(?:__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)")
ROOTS = frozenset({"export.yaml", "README.md"})
UTF8_NAME = 0x800  # the flag of a zip's entry whose name is UTF-8


class NoSource(Refused):
    """There is no such file or folder."""

    code = "no_source"
    status = 400
    field = "file"
    message = gettext_lazy("There is nothing to import at this place.")


class BrokenArchive(Refused):
    """The archive cannot be opened."""

    code = "broken_archive"
    status = 400
    field = "file"
    message = gettext_lazy("This archive cannot be opened: it is damaged or has a password.")


class ArchiveTooLarge(Refused):
    """An archive that grows beyond measure when it is unpacked."""

    code = "archive_too_large"
    status = 413
    field = "file"
    message = gettext_lazy(
        "This archive is too large when it is unpacked: up to 50,000 files and 2 GB are fine."
    )


class Box(Protocol):
    """A source: files by name."""

    names: list[str]  # sorted, "/" between the parts
    refused: list[Bad]
    is_single: bool  # one file, not a collection

    def read(self, name: str) -> bytes:
        """Give a file. Raises BadRow."""

    def lines(self, name: str) -> Iterator[bytes]:
        """Give a file line by line."""

    def close(self) -> None:
        """Let go of what is open."""


def open_box(path: Path, name: str = "") -> Box:
    """Open a folder, a zip or a file. Raises NoSource, BrokenArchive, ArchiveTooLarge.

    `name` is what the file is called where its place does not say so.
    """
    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise NoSource
    name = name or path.name
    if zipfile.is_zipfile(path) and not name.lower().endswith((".jsonl", ".json", ".html")):
        return Zip(path)
    return Single(path, name)


class Folder:
    """A folder; links that lead out of it are not followed."""

    is_single = False

    def __init__(self, path: Path) -> None:
        self.path, self.refused = path.resolve(), []
        self.names = []
        for found in sorted(path.rglob("*")):
            name = found.relative_to(path).as_posix()
            if NOISE.search(name) or found.is_dir():
                continue
            if not found.resolve().is_relative_to(self.path):
                self.refused.append(Bad(name, _("leads out of the folder")))
            else:
                self.names.append(name)

    def read(self, name: str) -> bytes:
        """Give a file. Raises BadRow."""
        place = self.path / name
        if place.stat().st_size > LARGEST_FILE:
            raise BadRow(_too_large())
        try:
            return place.read_bytes()
        except OSError as error:
            raise BadRow(_("the file cannot be read")) from error

    def lines(self, name: str) -> Iterator[bytes]:
        """Give a file line by line."""
        with _opened(self.path / name, name) as stream:
            yield from _lines(stream)

    def close(self) -> None:
        """Nothing is open."""


class Single:
    """One file."""

    is_single = True

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.names, self.refused = path, [name], list[Bad]()

    def read(self, name: str) -> bytes:
        """Give the file. Raises BadRow."""
        with _opened(self.path, name) as stream:
            content = stream.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise BadRow(_too_large())
        return content

    def lines(self, name: str) -> Iterator[bytes]:
        """Give the file line by line."""
        with _opened(self.path, name) as stream:
            yield from _lines(stream)

    def close(self) -> None:
        """Nothing is open."""


class Zip:
    """An archive. Names that lead out, links, passwords and bombs are refused at their place."""

    is_single = False

    def __init__(self, path: Path) -> None:
        try:
            self.file = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise BrokenArchive from error
        self.refused: list[Bad] = []
        self.entries: dict[str, zipfile.ZipInfo] = {}
        entries = [entry for entry in self.file.infolist() if not entry.is_dir()]
        if len(entries) <= MOST_ENTRIES:
            for entry in entries:
                self._take(entry)
        whole = sum(entry.file_size for entry in self.entries.values())
        if len(entries) > MOST_ENTRIES or whole > MOST_BYTES:
            self.file.close()
            raise ArchiveTooLarge
        self._strip()
        self.names = sorted(self.entries)

    def _take(self, entry: zipfile.ZipInfo) -> None:
        name = _name(entry)
        if why := _bad(entry, name) or ("" if name not in self.entries else _("is there twice")):
            self.refused.append(Bad(name.replace("\0", "")[:300], why))
        elif not NOISE.search(name):
            self.entries[name] = entry

    def _strip(self) -> None:
        """Open the one folder that everything stands in: whoever packs a folder gets one around it.

        One that holds articles itself is a section and stays.
        """
        parts = [name.partition("/") for name in self.entries]
        is_around = len({top for top, _slash, _rest in parts}) == 1
        if is_around and all("/" in rest or rest in ROOTS for _top, _slash, rest in parts):
            self.entries = {name.partition("/")[2]: one for name, one in self.entries.items()}

    def read(self, name: str) -> bytes:
        """Give a file. Raises BadRow: what an entry says of its size may be a lie."""
        entry = self.entries[name]
        try:
            with self.file.open(entry) as stream:
                content = stream.read(min(entry.file_size, LARGEST_FILE) + 1)
        except (zipfile.BadZipFile, OSError, RuntimeError, EOFError, NotImplementedError) as error:
            raise BadRow(_("is damaged in the archive")) from error
        if len(content) > entry.file_size:
            raise BadRow(_("is larger than the archive says"))
        return content

    def lines(self, name: str) -> Iterator[bytes]:
        """Give a file line by line."""
        yield from self.read(name).splitlines()

    def close(self) -> None:
        """Close the archive."""
        self.file.close()


def _name(entry: zipfile.ZipInfo) -> str:
    """Read a name as its writer meant it: Windows writes Russian names in cp866 and does not say so."""
    name = entry.filename
    if not entry.flag_bits & UTF8_NAME:
        raw = name.encode("cp437", "replace")
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            name = raw.decode("cp866", "replace")
    return name.replace("\\", "/")


def _bad(entry: zipfile.ZipInfo, name: str) -> str:
    """Say what is wrong with an entry, if anything."""
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or DRIVE.match(name) or "\0" in entry.orig_filename:
        return _("leads out of the archive")
    if stat.S_ISLNK(entry.external_attr >> 16):
        return _("is a link, not a file")
    if entry.flag_bits & 1:
        return _("has a password")
    if entry.file_size > LARGEST_FILE:
        return _too_large()
    packed = max(entry.compress_size, 1)
    if entry.file_size > SMALLEST_BOMB and entry.file_size / packed > HIGHEST_RATIO:
        return _("unpacks to more than 200 times its size")
    return ""


def _too_large() -> str:
    return _("is larger than %(limit)d MB") % {"limit": LARGEST_FILE // MB}


def _opened(path: Path, name: str) -> IO[bytes]:
    is_packed = name.endswith(".gz")
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_packed else path.open("rb")


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Give lines, none of them endless, however long a packed one would become."""
    taken = 0
    while line := stream.readline(LARGEST_FILE):
        taken += len(line)
        if taken > MOST_BYTES:
            raise ArchiveTooLarge
        yield line


def beside(name: str, address: str) -> str:
    """Give the name that a relative address of a file means."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), address))
