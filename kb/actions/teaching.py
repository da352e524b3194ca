"""What the head of support teaches search: synonyms and stop words; what was found before is forgotten."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from kb import indexing
from kb.models import StopWord, Synonyms
from portal import html
from portal.refusals import Refused

MOST_WORDS = 20
LONGEST_WORD = 80


class TooFew(Refused):
    """One word alone means the same as nothing else."""

    code = "too_few"
    status = 400
    field = "words"
    message = _("Write at least two different words, one a line.")


class TooMany(Refused):
    """An endless row would find everything."""

    code = "too_many"
    status = 400
    field = "words"
    message = _("Up to 20 words of at most 80 letters stand in a row.")


def synonyms_of(text: str) -> list[str]:
    """Read words, one a line, each once. Raises TooFew, TooMany."""
    lines = [" ".join(html.without_control(line).lower().split()) for line in text.splitlines()]
    words = list(dict.fromkeys(line for line in lines if any(map(str.isalnum, line))))
    if len(words) < 2:  # noqa: PLR2004 (one word has no synonym)
        raise TooFew
    if len(words) > MOST_WORDS or max(map(len, words)) > LONGEST_WORD:
        raise TooMany
    return words


@transaction.atomic
def keep_synonyms(*, synonyms: Synonyms) -> Synonyms:
    """Keep a row of synonyms."""
    synonyms.save()
    indexing.touch()
    return synonyms


@transaction.atomic
def keep_stop_word(*, word: StopWord) -> StopWord:
    """Keep a stop word, in small letters."""
    word.word = " ".join(html.without_control(word.word).lower().split())
    word.save()
    indexing.touch()
    return word


@transaction.atomic
def forget_taught(*, row: Synonyms | StopWord) -> None:
    """Forget a row of synonyms or a stop word."""
    row.delete()
    indexing.touch()
