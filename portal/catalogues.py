"""Message catalogues with Babel alone: collecting, compiling, proving that nothing is missing.

Django's own commands need the system's gettext, which a fresh machine has not got.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

LANGUAGES = ("ru", "en")
PACKAGES = ("portal", "accounts", "kb", "tickets")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_NAMED = re.compile(r"%\((\w+)\)[sd]")


def template_catalogue() -> Catalog:
    """Collect every text of code and templates."""
    found = Catalog(project="hotbot-support", charset="utf-8")
    for name, source in _sources():
        for line, message, comments, context in extract(
            "python", io.BytesIO(source.encode()), keywords=KEYWORDS
        ):
            found.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    return found


def collect() -> None:
    """Bring the catalogues up to date with the code, keep translations, compile them."""
    for language in LANGUAGES:
        catalogue = _read(language)
        catalogue.update(template_catalogue(), no_fuzzy_matching=True, update_header_comment=False)
        catalogue.obsolete.clear()
        if language == "en":
            _fill_with_ids(catalogue)
        with _po(language).open("wb") as file:
            write_po(file, catalogue, width=100, omit_header=False, include_lineno=False)
        with _po(language).with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)


def problems() -> Iterator[str]:
    """Name every text that is missing, empty, unsure, obsolete, or whose placeholders differ."""
    wanted = {_key(message) for message in template_catalogue() if message.id}
    for language in LANGUAGES:
        catalogue = _read(language)
        have = {_key(message): message for message in catalogue if message.id}
        for key in sorted(wanted - have.keys()):
            yield f"{language}: not in the catalogue: {key[0]!r}"
        for key in sorted(have.keys() - wanted):
            yield f"{language}: no longer in the code: {key[0]!r}"
        for message in have.values():
            yield from (f"{language}: {what}: {message.id!r}" for what in _faults(message))
        compiled = _strings(_compiled(language))
        if any(compiled.get(key) != said for key, said in _strings(catalogue).items()):
            yield f"{language}: django.mo is older than django.po; run `make messages`"


def _faults(message: Message) -> Iterator[str]:
    strings = _forms(message)
    if not all(strings):
        yield "not translated"
    if message.fuzzy:
        yield "marked as unsure"
    ids = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
    wanted = {name for text in ids for name in _placeholders(text)}
    for string in strings:
        if string and not wanted >= _placeholders(string):
            yield "unknown placeholder"


def _placeholders(text: str) -> set[str]:
    if "%(" in text:
        return set(_NAMED.findall(text))
    try:
        return {name for _text, name, _spec, _conversion in Formatter().parse(text) if name}
    except ValueError:  # a lone brace is just a brace
        return set()


def _sources() -> Iterator[tuple[str, str]]:
    """Give names and Python-like sources: modules as they are, templates as Django turns them."""
    root = Path(settings.BASE_DIR)
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(root)), path.read_text()
    for path in sorted((root / "templates").rglob("*")):
        if path.suffix in {".html", ".txt", ".xml"}:
            # Leading space would read as indentation.
            lines = templatize(path.read_text(), origin=str(path)).splitlines()
            yield str(path.relative_to(root)), "\n".join(line.lstrip() for line in lines)


def _fill_with_ids(catalogue: Catalog) -> None:
    """Let English say what the code says."""
    for message in catalogue:
        if message.id:
            message.string = message.string if all(_forms(message)) else message.id
            # Set by Babel when a text gains or loses its plural; the text itself is no guess.
            message.flags.discard("fuzzy")


def _read(language: str) -> Catalog:
    path = _po(language)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        return Catalog(locale=language, project="hotbot-support", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _compiled(language: str) -> Catalog:
    path = _po(language).with_suffix(".mo")
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_mo(file)


def _strings(catalogue: Catalog) -> dict[object, object]:
    """Give what is translated in full."""
    return {
        _key(message): _forms(message)
        for message in catalogue
        if message.id and all(_forms(message))
    }


def _forms(message: Message) -> tuple[str, ...]:
    """Give the translation, or its plural forms; a compiled catalogue is read with lists."""
    if isinstance(message.string, (tuple, list)):
        return tuple(message.string)
    return (message.string or "",)


def _key(message: Message) -> tuple[str, str]:
    first = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
    context = message.context or ""
    # A compiled catalogue is read with contexts as bytes.
    return str(first), context.decode() if isinstance(context, bytes) else context


def _po(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"
