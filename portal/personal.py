"""PURE: finds what tells of a person in a text, and puts a sign in its place.

No list of names is complete. What is found here: addresses, telephones, long numbers, codes of
bookings, keys, links with a token, names beside a known first name, with a patronymic, with
initials or after a word such as «гость», and whatever the caller knows to be a name.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

NEUTRAL = "[…]"
LONGEST_TOKEN = 16  # characters of letters and digits in one piece; longer ones are keys
FEWEST_DIGITS = 3  # of a code with letters, such as that of a booking

MALE = (
    "александр алексей анатолий андрей антон аркадий артем артём артур богдан борис вадим валентин "
    "валерий василий виктор виталий владимир владислав вячеслав геннадий георгий григорий даниил "
    "денис дмитрий евгений егор иван игорь илья кирилл константин леонид максим марат михаил "
    "никита николай олег павел петр пётр роман руслан сергей станислав степан тимофей тимур федор "
    "фёдор филипп эдуард юрий яков ярослав"
)
FEMALE = (
    "александра алена алина алла анастасия ангелина анна валентина валерия варвара вера вероника "
    "виктория галина дарья диана евгения екатерина елена елизавета жанна зинаида зоя инна ирина "
    "карина кира кристина ксения лариса лидия любовь людмила маргарита марина мария надежда наталия "
    "наталья нина оксана олеся ольга полина раиса светлана снежана софия софья тамара татьяна "
    "ульяна юлия яна"
)
LATIN = (
    "alexander alexey andrew andrey anna anthony boris charles daniel david dmitry elena elizabeth "
    "emily george ivan james jennifer john joseph julia maria mary michael mikhail natalia nikolay "
    "olga patricia paul pavel peter richard robert sarah sergei sergey susan svetlana tatiana thomas "
    "victoria vladimir william"
)
_VOWELS = "аеиоуыэюяйь"


def _stem(name: str) -> str:
    return name.rstrip(_VOWELS)


_STEMS = {re.escape(_stem(name)) for name in (*MALE.split(), *FEMALE.split())}
_FIRST = "|".join(sorted(_STEMS, key=lambda stem: (-len(stem), stem)))
_ENDING = "(?:ой|ою|ом|ем|ей|ею|ия|ии|ию|ий|ья|ье|ьи|ью|а|я|ы|и|е|у|ю|й|ь|о)?"
_FIRST_NAME = rf"(?:{_FIRST}){_ENDING}"
_FATHER = "|".join(re.escape(_stem(name)) for name in MALE.split())
_PATRONYMIC = (
    rf"(?:{_FATHER}|льв|иль|саввич|кузьм)(?:ь|и)?(?:"
    r"[ое]вич(?:а|у|ем|е)?|ич(?:а|у|ем|е)?|[ое]вн(?:а|ы|е|у|ой|ою)|иничн(?:а|ы|е|у|ой))"
)
_SURNAME = (
    r"[а-яё]{2,}(?:(?:ов|ев|ёв|ин|ын)(?:а|ой|у|ым|ом|е)?"
    r"|(?:ск|цк)(?:ий|ая|ого|ому|им|ой|ую)|енко|чук|щук|юк|ян|дзе|швили)"
)
_CAPITAL = r"(?-i:[А-ЯЁ])[а-яё]{2,}(?:-(?-i:[А-ЯЁ])[а-яё]+)?"
_BIG = r"(?-i:[А-ЯЁ])"
_CALLED = (
    r"(?:гост(?:ь|я|ю|ем|е|ья|ьи|ье)|постоял[а-яё]+|клиент(?:а|у|ом|ка|ки|ке)?|господин[а-яё]*|"
    r"госпож[а-яё]+|г-н[а-яё]*|г-ж[а-яё]*|на имя|от имени|фамили[а-яё]{1,2})"
)
_B, _E = r"(?<![\w@])", r"(?![\w@])"


class Found(NamedTuple):
    """Something that tells of a person: of which kind, and the words themselves."""

    kind: str
    text: str


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


LINK = _pattern(r"(?:https?://|www\.)[^\s<>\"«»]+")
# Order matters: a telephone is a long number too. A group `kept` says what it is, and stays.
RULES: Sequence[tuple[str, re.Pattern[str]]] = (
    ("email", _pattern(r"[\w.+-]{1,64}\s?@\s?[\w-]{1,63}(?:\.[\w-]{1,63})+")),
    (
        "phone",
        _pattern(r"(?<![\w+])(?:\+\d{1,3}|8|7)[\s(–-]{0,3}\d{3}(?:[\s)–-]{0,3}\d){7}(?!\w)"),
    ),
    ("phone", _pattern(r"(?<!\w)\+\d(?:[\s()–-]{0,2}\d){8,13}(?!\w)")),
    (
        "name",
        _pattern(rf"{_B}(?P<kept>{_CALLED}\s+)(?:{_SURNAME}|{_CAPITAL})(?:\s+{_CAPITAL})*{_E}"),
    ),
    (
        "number",
        _pattern(
            r"(?<!\w)(?P<kept>(?:брон(?:ь|и|ирование|ирования)|заказа?|счета?|booking|reservation)"
            r"\s{1,2}(?:№|n|#|no|номер)?\.?\s?|№\s?|#\s?)\d{4,}(?!\w)"
        ),
    ),
    (
        "number",
        _pattern(
            r"(?<![\w.,])(?!(?:19|20)\d\d\s?[–-]\s?(?:19|20)\d\d(?!\d))\d(?:[\s –-]?\d){5,}(?!\w)"
        ),
    ),
    ("key", _pattern(rf"{_B}(?=[\w-]*\d)(?=[\w-]*[a-z])[a-z0-9_-]{{{LONGEST_TOKEN},}}{_E}")),
    (
        "number",
        _pattern(
            rf"{_B}(?=[a-zа-яё]{{1,5}}-?\d)(?=(?:[a-zа-яё-]*\d){{{FEWEST_DIGITS + 1},}})"
            rf"[a-zа-яё0-9-]{{6,15}}{_E}"
        ),
    ),
    (
        "name",
        _pattern(
            rf"{_B}(?:(?:{_SURNAME}|{_CAPITAL})\s+)?(?:[а-яё-]{{2,}}\s+)?{_PATRONYMIC}"
            rf"(?:\s+{_SURNAME})?{_E}"
        ),
    ),
    (
        "name",
        _pattern(
            rf"{_B}(?:(?:{_SURNAME}|{_CAPITAL})\s+{_FIRST_NAME}"
            rf"|{_FIRST_NAME}\s+(?:{_SURNAME}|{_CAPITAL})){_E}"
        ),
    ),
    (
        "name",
        _pattern(
            rf"(?<!\w){_BIG}[а-яё]{{2,}}\s+{_BIG}\.\s?(?:{_BIG}\.?)?(?!\w)"
            rf"|(?<!\w){_BIG}\.\s?(?:{_BIG}\.\s?)?{_BIG}[а-яё]{{2,}}"
            rf"|{_B}{_SURNAME}\s+[а-яё]\.\s?[а-яё]\."
        ),
    ),
    (
        "name",
        _pattern(
            rf"{_B}(?:{'|'.join(LATIN.split())})\s+[a-z][a-z'-]+{_E}"
            rf"|{_B}m(?:r|rs|s)\.?\s+[a-z'-]{{2,}}{_E}"
        ),
    ),
)


def hide(
    text: str,
    *,
    known: Iterable[tuple[str, str]] = (),
    sign: Callable[[str], str] = lambda _kind: NEUTRAL,
) -> tuple[str, list[Found]]:
    """Give a text without what tells of a person, and what that was, in the order of the rules.

    `known` are names as (kind, words); `sign` says what stands in the place of a kind.
    """
    found: list[Found] = []

    def taken(kind: str) -> Callable[[re.Match[str]], str]:
        def put(match: re.Match[str]) -> str:
            kept = match.groupdict().get("kept") or ""
            words = match[0][len(kept) :]
            if kind == "link" and not _has_token(words):
                return match[0]
            found.append(Found(kind, words))
            return kept + sign(kind)

        return put

    text = LINK.sub(taken("link"), text)
    for kind, words in sorted(known, key=lambda one: -len(one[1])):
        text = _of_words(words).sub(taken(kind), text)
    for kind, pattern in RULES:
        text = pattern.sub(taken(kind), text)
    return text, found


def _has_token(link: str) -> bool:
    """Whether a link says more than where a page is: a query, a fragment, a long code."""
    return any(sign in link for sign in "?#@") or bool(
        re.search(rf"/(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{{{LONGEST_TOKEN},}}", link)
    )


def _of_words(words: str) -> re.Pattern[str]:
    """Find known words in whatever case they stand; a name begins with a capital."""
    pieces = [re.escape(_stem(piece) if len(piece) > 3 else piece) for piece in words.split()]  # noqa: PLR2004
    inflected = r"\s+".join(rf"{piece}[а-яёa-z]{{0,2}}" for piece in pieces)
    is_one_word = len(pieces) == 1 and words[:1].isalpha()
    # «Вера» is a person, «веранда» and «верим» are not.
    return re.compile(rf"(?<!\w){inflected}(?!\w)", 0 if is_one_word else re.IGNORECASE)
