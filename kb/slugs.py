"""Pure: addresses of articles from their titles, Russian letters written in Latin ones."""

from collections.abc import Container

from django.utils.text import slugify

LONGEST = 100
LONGEST_TAG = 60
RESERVED = frozenset({"feed", "questions"})  # pages of our own at addresses of articles
LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z",
    "и": "i", "й": "j", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "c", "ч": "ch", "ш": "sh", "щ": "sch",
    "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip


def of(title: str) -> str:
    """Write a title as an address: «Закрыть продажи» is zakryt-prodazhi."""
    latin = "".join(LATIN.get(sign, sign) for sign in title.lower())
    return slugify(latin)[:LONGEST].strip("-") or "article"


def tag(text: str) -> str:
    """Make a tag that can stand in an address: words with single spaces, no slash."""
    return " ".join(text.replace("/", " ").replace("\0", "").split())[:LONGEST_TAG].rstrip()


def free(wanted: str, taken: Container[str]) -> str:
    """Give the wanted address, or the first numbered one that nobody has and no page of ours."""
    slug, number = wanted, 2
    while slug in taken or slug in RESERVED:
        slug, number = f"{wanted}-{number}", number + 1
    return slug
