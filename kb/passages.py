"""Pure: the passage of a text that answers best, with the words that were found marked."""

import re
from collections.abc import Sequence

OPEN, CLOSE = "\ue000", "\ue001"  # around found words; private use, never typed
LENGTH = 220  # characters
SENTENCE_ENDS = ("\n", ". ", "! ", "? ")
LINE = " · "  # between a heading and what follows, a cell and the next
MOST_PLACES = 15  # of one stem in one text


def fold(text: str) -> str:
    """Make ё and е one letter, as writers and readers do."""
    return text.replace("ё", "е").replace("Ё", "Е")


def best(text: str, stems: Sequence[str]) -> str:
    """Give the stretch in which most different stems stand together, cut at words and marked."""
    places = _places(text, stems)
    if not places:
        return _cut(text, 0)
    start = max(range(len(places)), key=lambda at: (_richness(places, at), -at))
    return marked(_cut(text, _beginning(text, places[start][0])), stems)


def marked(text: str, stems: Sequence[str]) -> str:
    """Put the signs around every word of the text that has one of the stems."""
    if not stems:
        return text
    words = re.compile(rf"(?<!\w)(?:{'|'.join(map(_pattern, stems))})\w*", re.IGNORECASE)
    folded = fold(text)
    parts, end = [], 0
    for match in words.finditer(folded):
        parts += [text[end : match.start()], OPEN, text[match.start() : match.end()], CLOSE]
        end = match.end()
    return "".join([*parts, text[end:]])


def _pattern(stem: str) -> str:
    # The English stemmer writes «i» for a final «y»: polici for policy and policies.
    last = "[iy]" if stem.isascii() and stem.endswith("i") else re.escape(stem[-1:])
    return re.escape(stem[:-1]) + last


def _places(text: str, stems: Sequence[str]) -> list[tuple[int, str]]:
    """Find where words begin with a stem; searching for plain strings is what makes it fast."""
    folded = fold(text).lower()
    if len(folded) != len(text):  # a letter whose small form is two letters
        folded = fold(text)
    found = []
    for stem in stems:
        at, count = folded.find(stem), 0
        while at >= 0 and count < MOST_PLACES:
            if at == 0 or not folded[at - 1].isalnum():
                found.append((at, stem))
                count += 1
            at = folded.find(stem, at + len(stem))
    return sorted(found)


def _richness(places: Sequence[tuple[int, str]], start: int) -> int:
    """Count the letters of the different stems within reach: long words say more than short."""
    reach = places[start][0] + LENGTH - 40
    near = {stem for at, stem in places[start : start + MOST_PLACES] if at <= reach}
    return sum(map(len, near))


def _beginning(text: str, place: int) -> int:
    """Go back to the start of the sentence when it is near, else a few words."""
    before = text[max(place - 90, 0) : place]
    offset = max(place - 90, 0)
    ends = [before.rfind(sign) + len(sign) for sign in SENTENCE_ENDS if sign in before]
    if ends:
        return offset + max(ends)
    return offset + before.find(" ") + 1 if offset else 0


def _cut(text: str, start: int) -> str:
    end = start + LENGTH
    if end >= len(text):
        piece = text[start:]
    else:
        piece = text[start:end].rsplit(maxsplit=1)[0].rstrip(" .,;:—–-\n") + "…"
    piece = piece.replace("\n", LINE)
    return ("…" if start and not text[start : start + 1].isupper() else "") + piece
