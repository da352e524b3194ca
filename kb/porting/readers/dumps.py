"""Pages of JSON as programs save them from an API: {"articles": […], …}, bare lists, one object a file."""

import json
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from kb.porting.boxes import Box
from kb.porting.readers import rows
from kb.porting.shape import Bad, BadRow

HEAD = 65_536  # bytes in which a format shows itself
MOST_LOOKED_AT = 50  # files
Object = dict[str, Any]


def heads(box: Box, ending: str) -> Iterable[str]:
    """Give the beginnings of the files of an ending."""
    named = [name for name in box.names if name.lower().endswith(ending)]
    for name in named[:MOST_LOOKED_AT]:
        try:
            yield rows.text_in(box, name)[:HEAD]
        except BadRow:
            continue


def collect(
    box: Box, kinds: Mapping[str, str], guess: Mapping[str, Sequence[str]]
) -> tuple[dict[str, list[Object]], list[Bad]]:
    """Give all objects of a dump by their kind, and what could not be read.

    `kinds` says which kind a name means ("article" and "articles" are articles); where an object
    has no name, the file's decides, or else the fields it has (`guess`).
    """
    found: dict[str, list[Object]] = defaultdict(list)
    bad: list[Bad] = []
    for name in box.names:
        if name.lower().endswith(".json"):
            try:
                _sort(
                    json.loads(rows.text_in(box, name)), _kind_of(name, kinds), kinds, guess, found
                )
            except RecursionError:
                bad.append(Bad(name, _("nested too deeply")))
            except (BadRow, ValueError) as error:
                bad.append(Bad(name, rows.first_line(str(error))))
    return found, bad


def _kind_of(name: str, kinds: Mapping[str, str]) -> str:
    """Tell a kind by the name of a file (articles-1.json), or by its folder (articles/12.json)."""
    for part in (posixpath.basename(name), posixpath.basename(posixpath.dirname(name))):
        stem = part.partition(".")[0].lower().rstrip("0123456789-_ ")
        if stem in kinds:
            return kinds[stem]
    return ""


def _sort(
    value: Any,
    kind: str,
    kinds: Mapping[str, str],
    guess: Mapping[str, Sequence[str]],
    found: dict[str, list[Object]],
) -> None:
    if isinstance(value, list):
        for one in value:
            _sort(one, kind, kinds, guess, found)
    elif isinstance(value, dict):
        named = {name: kinds[name] for name in value if name in kinds}
        inner = {name: value[name] for name in named if isinstance(value[name], list | dict)}
        if not inner or "id" in value:
            known = kind or _guessed(value, guess)
            if known:
                found[known].append(value)
        if "id" not in value:
            for name, one in inner.items():
                _sort(one, named[name], kinds, guess, found)


def _guessed(value: Object, guess: Mapping[str, Sequence[str]]) -> str:
    for kind, names in guess.items():
        if all(name in value for name in names):
            return kind
    return ""
