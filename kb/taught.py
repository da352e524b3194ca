"""Synonyms and stop words as search uses them: read once, and anew after every change."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from kb.memory import remember
from kb.models import StopWord, Synonyms
from kb.passages import fold

SYNONYM_WEIGHT = 0.6  # of a word that was asked for itself
STEMS = """
select w.word, tsvector_to_array(to_tsvector('russian', w.word))
from unnest(%(words)s::text[]) w(word)
"""


@dataclass(frozen=True)
class Taught:
    """Rules: where all stems of the first stand in a question, those of the second are asked too."""

    rules: tuple[tuple[frozenset[str], tuple[str, ...]], ...]
    stop: frozenset[str]
    known: frozenset[str]  # stems that need no correction, though no article has them

    def widened(self, lexemes: Sequence[str]) -> tuple[list[str], list[float]]:
        """Give the stems to look for with their weights: without what says nothing, with what means the same."""
        kept = [one for one in lexemes if one not in self.stop] or list(lexemes)
        asked = frozenset(kept)
        more = [lexeme for wanted, others in self.rules if wanted <= asked for lexeme in others]
        extra = [one for one in dict.fromkeys(more) if one not in asked]
        return [*kept, *extra], [1.0] * len(kept) + [SYNONYM_WEIGHT] * len(extra)


def taught() -> Taught:
    """Give what the head of support has taught."""
    return remember("taught", _read)


def _read() -> Taught:
    rows = list(Synonyms.objects.order_by("id"))
    words = list(StopWord.objects.values_list("word", flat=True))
    stems = _stems([*words, *(word for row in rows for word in row.words)])
    rules = []
    for row in rows:
        asked = row.words[:1] if row.is_one_way else row.words
        for word in asked:
            others = [one for other in row.words if other != word for one in stems[other]]
            rules.append((frozenset(stems[word]), tuple(others)))
    return Taught(
        rules=tuple((wanted, others) for wanted, others in rules if wanted),
        stop=frozenset(stem for word in words for stem in stems[word]),
        known=frozenset(stem for wanted, _others in rules for stem in wanted),
    )


def _stems(words: Sequence[str]) -> dict[str, list[str]]:
    if not words:
        return {}
    folded = [fold(word).lower() for word in words]
    with connection.cursor() as cursor:
        cursor.execute(STEMS, {"words": folded})
        found = dict(cursor.fetchall())
    return {word: found[fold(word).lower()] for word in words}
