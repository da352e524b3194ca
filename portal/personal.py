"""PURE: finds what tells of a person in a text, and puts a sign in its place.

No list of names is complete. What is found here: e-mail and postal addresses, telephones, long numbers, codes of
bookings, keys, links with a token, names beside a known first name, with a patronymic, with
initials or after a word such as «гость», and whatever the caller knows to be a name.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

NEUTRAL = "[…]"
LONGEST_TOKEN = 16  # characters of letters and digits in one piece; longer ones are keys
LONG = 5  # letters; a longer name is no other word
SHORTEST_STEM = 3
_ENDS = "[аеёийоуыьэюямгх]{0,3}"  # the letters that endings of names are made of
_ENDINGS = ("ий", "ый", "ой", "ая", "яя", *"аяйьоеиыую")
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
# Names that are words as well: only with a capital are they people.
WORDS_TOO = "вера виктория кира лев любовь марина марк надежда роман слава снежана яна"
# How a name is declined, by its last letter; one without an ending of its own may stand without.
_DECLINED = {
    "а": "а|ы|и|е|у|ой|ою|ей",
    "я": "я|и|е|ю|ей|ею",
    "й": "й|я|ю|ем|е|и",
    "ь": "ь|я|ю|ем|е|и|ью",
}
_DECLINED_OTHERS = "а|у|ом|ем|е|ы|"


def _people(names: Iterable[str]) -> str:
    """Write names in all their cases as one pattern, those with the same ending together."""
    by_ending: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        ending = _DECLINED.get(name[-1], _DECLINED_OTHERS)
        by_ending.setdefault(ending, []).append(name[:-1] if name[-1] in _DECLINED else name)
    return "|".join(f"(?:{'|'.join(stems)})(?:{ends})" for ends, stems in by_ending.items())


_NAMES = {*MALE.split(), *FEMALE.split(), "павл"}
_PLAIN = _people(_NAMES - set(WORDS_TOO.split()))
_CAPITALS = _people(name.capitalize() for name in WORDS_TOO.split())
_FIRST_NAME = rf"(?:{_PLAIN}|(?-i:{_CAPITALS}))"
_FATHER = "|".join(name.rstrip("аейиья") for name in MALE.split())
_PATRONYMIC = (
    rf"(?:{_FATHER}|льв|иль|саввич|кузьм)(?:ь|и)?(?:"
    r"[ое]вич(?:а|у|ем|е)?|ич(?:а|у|ем|е)?|[ое]вн(?:а|ы|е|у|ой|ою)|иничн(?:а|ы|е|у|ой))"
)
_OF_PERSONS = (
    r"(?!один|одн|магазин|причин|кабин|номеров|отелев|заезд|выезд)[а-яё]{2,}"
    r"(?:(?:ов|ев|ёв|ин|ын)(?:а|ой|у|ым|ом|е)?|енко|чук|щук|юк|дзе|швили)"
)
_SURNAME = rf"(?:{_OF_PERSONS}|[а-яё]{{2,}}(?:(?:ск|цк)(?:ий|ая|ого|ому|им|ой|ую)|ян))"
_CAPITAL = r"(?-i:[А-ЯЁ][а-яё]{2,}(?:-[А-ЯЁ][а-яё]+)?)"
_BIG = r"(?-i:[А-ЯЁ])"
_CALLED = (
    r"(?:гост(?:ь|я|ю|ем|е|ья|ьи|ье)|постоял[а-яё]{1,5}|клиент(?:а|у|ом|ка|ки|ке)?|"
    r"господин[а-яё]{0,2}|госпож[а-яё]{1,2}|г-н[а-яё]?|г-ж[а-яё]{1,2}|на имя|от имени|"
    r"фамили[а-яё]{1,2})"
)
_B, _E = r"(?<![\w@])", r"(?![\w@])"
# A run of letters, digits and hyphens is looked at from its beginning only: from every hyphen of
# it would take the square of its length.
_RUN = r"(?<![\w@-])"
_STREET = (
    r"(?:ул(?:\.|иц[аыуе])|пр(?:-к?т|оспект[а-яё]?)\.?|пер(?:\.|еул[а-яё]{2,3})|шоссе|"
    r"наб(?:\.|ережн[а-яё]{2})|б(?:-р|ульвар[а-яё]?)|площад[а-яё]|проезд[а-яё]?|тупик[а-яё]?)"
)
_HOUSE = (
    r"(?:,?\s{0,2}(?:д\.|дом)?\s{0,2}\d{1,4}(?:\s?[а-я](?![а-яё]))?(?:/\d{1,3})?)"
    r"(?:,?\s{0,2}(?:корп(?:ус)?|стр(?:оение)?|к|кв(?:артира)?|оф(?:ис)?|пом)\.?\s{0,2}\d{1,4}){0,3}"
)


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
    ("email", _pattern(r"(?<![\w@.])@[a-z]\w{4,31}(?!\w)")),
    ("number", _pattern(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")),
    (
        "address",
        _pattern(
            rf"{_B}{_STREET}\s{{0,2}}(?:[\w«»-]{{1,30}}\s{{1,2}}){{0,2}}[а-яё«»-]{{2,30}}{_HOUSE}(?!\w)"
            rf"|{_B}[а-яё-]{{3,30}}\s{{1,2}}{_STREET}{_HOUSE}(?!\w)"
            rf"|{_B}кв(?:\.|артира)\s{{0,2}}\d{{1,4}}(?!\w)"
            r"|(?<!\w)\d{1,5}\s{1,2}(?-i:[A-Z])[a-z]{1,30}\s{1,2}"
            r"(?:street|st|road|rd|avenue|ave|lane|boulevard|blvd)(?!\w)"
        ),
    ),
    (
        "number",
        _pattern(
            r"(?<!\w)(?P<kept>(?:дата\s{1,2}рождения|род(?:ил(?:ся|ась)|\.)|born|date\s{1,2}of\s{1,2}birth)"
            r":?\s{0,2})\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\w)"
            r"|(?<!\w)\d{1,2}[./-]\d{1,2}[./-]\d{4}(?=\s{0,2}(?:г\.\s?р|года?\s{1,2}рожд))"
        ),
    ),
    (
        "number",
        _pattern(
            r"(?<!\w)(?P<kept>(?:паспорт[а-яё]{0,2}|сери[яию]|passport)\s{1,2}"
            r"(?:(?:серия|серии|no|№|n)\s{0,2})?)\d{2}\s?\d{2}(?:\s{0,2}(?:№|номер|n)?\s{0,2}\d{6})?(?!\w)"
        ),
    ),
    (
        "phone",
        _pattern(r"(?<![\w+])(?:\+\d{1,3}|8|7)[\s(–-]{0,3}\d{3}(?:[\s)–-]{0,3}\d){7}(?!\w)"),
    ),
    ("phone", _pattern(r"(?<!\w)\+\d(?:[\s()–-]{0,2}\d){8,13}(?!\w)")),
    (
        "name",
        _pattern(rf"{_B}(?P<kept>{_CALLED}\s+)(?:{_OF_PERSONS}|{_CAPITAL})(?:\s+{_CAPITAL})*{_E}"),
    ),
    (
        "number",
        _pattern(
            r"(?<!\w)(?P<kept>(?:брон(?:ь|и|ирование|ирования)|заказа?|счета?|booking|reservation)"
            r"\s{1,2}(?:№|n|#|no|номер)?\.?\s?|№\s?|#\s?)\d{4,}(?!\w)"
        ),
    ),
    ("key", _pattern(rf"{_RUN}(?=[\w-]*\d)(?=[\w-]*[a-z])[a-z0-9_-]{{{LONGEST_TOKEN},}}+{_E}")),
    (
        "number",
        _pattern(
            rf"{_RUN}(?=[a-zа-яё]{{1,5}}-?\d)(?=(?:[a-zа-яё-]{{0,14}}\d){{{FEWEST_DIGITS + 1}}})"
            rf"[a-zа-яё0-9-]{{6,15}}{_E}"
        ),
    ),
    (
        "number",
        _pattern(
            r"(?<![\w.,])(?<!\d[–-])(?!(?:19|20)\d\d\s?[–-]\s?(?:(?:19|20)\d\d|0[1-9]|1[0-2])(?!\d))"
            r"\d(?:[\s –-]?\d){5,}(?!\w)(?!\s?(?:₽|руб|р\.|%))"
        ),
    ),
    (
        "name",
        _pattern(
            rf"{_B}(?:(?:{_SURNAME}|{_CAPITAL})\s{{1,4}})?(?:[а-яё-]{{2,30}}\s{{1,4}})?{_PATRONYMIC}"
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

# Signs that are not seen, within a word: they would tear an address apart.
UNSEEN = re.compile(
    r"(?<=[\w@.+-])[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+(?=[\w@.+-])"
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

    text = LINK.sub(taken("link"), UNSEEN.sub("", text))
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
    """Find known words in whatever case they stand; a short name begins with a capital."""
    pieces = [rf"{re.escape(_stem(piece))}{_ENDS}" for piece in re.split(r"[\s-]+", words) if piece]
    inflected = r"[\s-]{1,4}".join(pieces) or re.escape(words)
    # «Вера» is a person, «веранда» and «верим» are not.
    is_word = " " not in words and (len(words) < LONG or words.lower() in WORDS_TOO.split())
    begins = words[:1].isalpha() and is_word
    return re.compile(rf"(?<!\w){inflected}(?!\w)", 0 if begins else re.IGNORECASE)


def _stem(word: str) -> str:
    """Give what stays of a name in all its cases."""
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= SHORTEST_STEM:
            return stem
    return word
