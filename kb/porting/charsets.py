"""PURE: texts of files whose encoding nobody wrote down."""

import codecs
import re
from itertools import pairwise

from kb.porting.shape import BadRow

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What Russian computers wrote before UTF-8, the most common first.
OLD = ("cp1251", "koi8-r", "cp866")
# What stands in Russian texts beside letters, by these encodings.
SIGNS = frozenset("«»—–№…„“”‘’•°±·\xa0")
FEWEST_RUSSIAN = 0.9  # of the signs beyond ASCII
NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
LOOKED_AT = 20_000  # bytes


def text_of(raw: bytes, unreadable: str) -> str:
    """Read a text as UTF-8, UTF-16 or an old Russian encoding. Raises BadRow with the words given."""
    for mark, name in MARKS:
        if raw.startswith(mark):
            return _read(raw, name, unreadable)
    if b"\0" in raw[:LOOKED_AT]:
        return _read(raw, _wide(raw[:LOOKED_AT]), unreadable)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return _read(raw, _old(raw), unreadable)


def _wide(head: bytes) -> str:
    """Say which UTF-16 without a mark this is, if any: Latin signs and spaces have a zero byte."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even == odd:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _old(raw: bytes) -> str:
    head = raw[:LOOKED_AT]
    scored = [(_russian(head.decode(name, "replace")), name) for name in OLD]
    best, name = max(scored, key=lambda pair: pair[0])
    return name if best >= FEWEST_RUSSIAN else ""


def _russian(text: str) -> float:
    """Give how much of what is beyond ASCII is Russian; capitals within words speak against it."""
    beyond = [sign for sign in text if not sign.isascii()]
    if not beyond:
        return 0
    letters = sum("а" <= sign <= "я" or sign in "ёЁ" or sign in SIGNS for sign in beyond)
    capitals = sum("А" <= sign <= "Я" for sign in beyond)
    odd = sum(before.islower() and sign.isupper() for before, sign in pairwise(text))
    return (letters + capitals - 2 * odd) / len(beyond)


def _read(raw: bytes, name: str, unreadable: str) -> str:
    if not name:
        raise BadRow(unreadable)
    try:
        text = raw.decode(name)
    except UnicodeDecodeError as error:
        raise BadRow(unreadable) from error
    if NO_TEXT.search(text):
        raise BadRow(unreadable)
    return text
