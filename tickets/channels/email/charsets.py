"""Bytes into words when the label is missing or wrong, as Russian mail often has it; *pure*.

The label first, then strict UTF-8, then whichever of the Russian code pages gives the most Russian
text: how often neighbouring letters are neighbours in Russian, and how seldom capitals stand inside
words (design/security.md, 2.7: general detectors know 5 to 17 of 22 short samples).
"""

import codecs
import re
from collections.abc import Iterable
from functools import lru_cache

# Order matters: of two that read equally well, the commoner in letters.
RUSSIAN = ("cp1251", "koi8-r", "cp866", "mac-cyrillic", "iso-8859-5")
# Labels that programs write when they do not know: Russian bytes under them are a lie.
CARELESS = {"iso8859-1", "cp1252", "ascii", "iso8859-15", "latin-1"}
ALIASES = {
    "ansi_x3.4-1968": "ascii",
    "cp-850": "cp850",
    "cp-1251": "cp1251",
    "x-cp1251": "cp1251",
    "win-1251": "cp1251",
    "windows1251": "cp1251",
    "koi8": "koi8-r",
    "koi8r": "koi8-r",
    "utf": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "ks_c_5601-1987": "cp949",
    "gb2312": "gb18030",
    "iso-8859-8-i": "iso-8859-8",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-sjis": "shift_jis",
    "shift-jis": "cp932",
}
NO_TEXT = {"base64", "hex", "quopri", "rot13", "uu", "zlib", "bz2", "punycode", "idna", "undefined"}
_COMMON = """
ен ра то от по ит но те ет ст пр ли не ро на ов ть об та ко за од ер ос ие ол де ан ве го ри
ре ка ва вы ат бо тв бр ис ил ще ес аз ль до во да ор ин ти ем ом ме ел пи ал ас ащ ло ае же
ак ше сл со аб эт мо ед чт ле че ав ди ия ча ви сь ог ап ег ла ок ки кл из ой кр ся ож им дн
ад ск оч чи пе ёт ей бе ры тк тс ны ну ши ср тр ру аш ут ид нт жн се уж жд ту лю оп ми ое зд
сп ня др ик уч ты ам ыт ый си иш ля па вс йт ещ мы оз он еш са кт сн зо ые ци нн ай ма лж сы
ий хо ич ят ар лу му уд жи гл ду бы зн вл дл ьм ез ач ек жа пу юч зв чё ус нь зр жк сс бу ке
вр бщ вя чн зм ую ук св яз еч фа щи хи юс юб ею аю ях ах их ых ью эл
"""
COMMON = frozenset(_COMMON.split())
PAIR = re.compile(r"(?=([а-яё][а-яё]))")
SHOUTED_INSIDE = re.compile(r"[а-яё][А-ЯЁ]")
CYRILLIC = re.compile(r"[А-яЁё]")
MIXED = re.compile(r"[A-Za-z][А-яЁё№]|[А-яЁё№][A-Za-z]")
STRANGE = re.compile(r"[\u2500-\u259f\u0402-\u040f\u0452-\u045f\u0080-\u009f¤¦©®°±µ¶·†‡€™≈≤≥√÷]")
RUN = re.compile(rb"[\x80-\xff]{2,}")
HIGH = bytes(range(128, 256))
JUDGED = 4000  # bytes that are looked at


@lru_cache(maxsize=256)
def known(label: str) -> str:
    """Give the codec of a label, or nothing when there is none that makes text."""
    name = label.strip().strip("\"'").lower().split("*")[0]
    name = ALIASES.get(name, name)
    if not name or name in NO_TEXT or len(name) > 40:  # noqa: PLR2004 (no charset is longer)
        return ""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    return found.name if found._is_text_encoding else ""


def decode(content: bytes, label: str = "") -> tuple[str, str]:
    """Give the words of some bytes and the charset they were read in; never fails, loses nothing it can read."""
    named = known(label)
    if named and not _is_careless(named, content):
        text = _strictly(content, named)
        if text is not None:
            return text, named
    text = _strictly(content, "utf-8")
    if text is not None:
        return text, "utf-8"
    guessed = guess(content)
    if guessed:
        return content.decode(guessed, "replace"), guessed
    fallback = named if named and named != "ascii" else _likely(content)
    return content.decode(fallback, "replace"), fallback


def _likely(content: bytes) -> str:
    is_russian = _is_in_runs(content) and not MIXED.search(content.decode("cp1251", "replace"))
    return "cp1251" if is_russian else "cp1252"


def guess(content: bytes) -> str:
    """Give the Russian code page in which these bytes read best, or nothing when they read in none."""
    sample = content[:JUDGED] if len(content) <= JUDGED else _telling(content)
    scored = [(_russian(sample.decode(page, "replace")), page) for page in RUSSIAN]
    best = max(scored, key=lambda one: one[0])
    return best[1] if best[0] > 0 else ""


def _telling(content: bytes) -> bytes:
    """Give the part around the first byte that is not ASCII: a page begins with markup."""
    first = next((place for place, byte in enumerate(content) if byte > 127), 0)  # noqa: PLR2004
    start = max(0, first - 100)
    return content[start : start + JUDGED]


def _strictly(content: bytes, charset: str) -> str | None:
    try:
        return content.decode(charset)
    except (UnicodeDecodeError, UnicodeError, ValueError):
        return None


def _is_careless(charset: str, content: bytes) -> bool:
    """Whether a Western label stands over what reads as Russian."""
    return charset in CARELESS and _is_in_runs(content) and bool(guess(content))


def _is_in_runs(content: bytes) -> bool:
    """Whether bytes beyond ASCII stand in words: French or German has an accent here and there."""
    words = sum(map(len, RUN.findall(content)))
    return words * 2 > len(content) - len(content.translate(None, HIGH)) > 0


def _russian(text: str) -> float:
    letters = len(CYRILLIC.findall(text))
    if not letters:
        return -1.0
    pairs = PAIR.findall(text.lower())
    common = sum(pair in COMMON for pair in pairs)
    odd = len(SHOUTED_INSIDE.findall(text)) + 2 * len(STRANGE.findall(text))
    odd += 2 * len(MIXED.findall(text))
    return (common - 0.6 * (len(pairs) - common) - odd + 0.1 * _small(text, letters)) / letters


def _small(text: str, letters: int) -> float:
    """Count small letters: all capitals are rarer than all small ones, and koi8-r swaps the two."""
    return sum("а" <= sign <= "я" for sign in text) - letters / 2


def first(labels: Iterable[str]) -> str:
    """Give the first label that names a charset."""
    return next((label for label in labels if known(label)), "")
