"""Misspelt copies of questions, as fingers misspell them; *pure*, and the same each time.

One slip in one word of at least four letters: two letters swapped, one dropped, doubled, or hit
beside its key; or the whole question in the other keyboard layout.
"""

import random
import re
from collections.abc import Callable

ROWS = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "qwertyuiop", "asdfghjkl", "zxcvbnm")
RUSSIAN = "йцукенгшщзхъфывапролджэячсмитьбюё"
LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
OTHER_LAYOUT = str.maketrans(RUSSIAN + RUSSIAN.upper() + LATIN, LATIN + LATIN.upper() + RUSSIAN)
WORD = re.compile(r"[^\W\d_]{4,}")


def _swapped(word: str, at: int, _luck: random.Random) -> str:
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _dropped(word: str, at: int, _luck: random.Random) -> str:
    return word[:at] + word[at + 1 :]


def _doubled(word: str, at: int, _luck: random.Random) -> str:
    return word[: at + 1] + word[at:]


def _beside(word: str, at: int, luck: random.Random) -> str:
    return word[:at] + luck.choice(_neighbours(word[at].lower()) or [word[at]]) + word[at + 1 :]


def _neighbours(letter: str) -> list[str]:
    row = next((row for row in ROWS if letter in row), "")
    at = row.find(letter)
    return [row[place] for place in (at - 1, at + 1) if row and 0 <= place < len(row)]


SLIPS: dict[str, Callable[[str, int, random.Random], str]] = {
    "swapped": _swapped,
    "dropped": _dropped,
    "doubled": _doubled,
    "beside": _beside,
}
KINDS = (*SLIPS, "layout")


def misspelt(question: str, kind: str, seed: int) -> str:
    """Give a question with one slip of a kind; one without a long word stays as it is."""
    if kind == "layout":
        return question.lower().translate(OTHER_LAYOUT)
    luck = random.Random(f"{seed}:{kind}:{question}")
    words = list(WORD.finditer(question))
    if not words:
        return question
    word = luck.choice(words)
    for _attempt in range(10):
        # The first letter is rarely mistyped, and nothing of the last place can be swapped.
        at = luck.randrange(1, len(word[0]) - 1)
        slipped = SLIPS[kind](word[0], at, luck)
        if slipped.lower() != word[0].lower():
            return question[: word.start()] + slipped + question[word.end() :]
    return question
