"""What searches teach: questions and clicks are counted, old ones forgotten, editors mark them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from accounts.models import User
from kb.actions.access import can_publish, can_write
from kb.audience import ACCESS_OF, Audience
from kb.models import AskedQuestion, QuestionMark, QuestionState
from kb.models.learning import LONGEST_QUESTION
from kb.passages import fold
from portal import personal
from portal.refusals import NotAllowed

KEPT_FOR = timedelta(days=365)
LAST_PLACE = 30

# One statement a search, whatever else happens; the words are put together by their stems later.
COUNT = """
insert into kb_askedquestion
    (day, text, stems, language, audience, times, nothing, corrected_to)
values (%(day)s::date, %(text)s::text,
    coalesce(nullif(array_to_string(
        tsvector_to_array(to_tsvector('russian', %(text)s::text)), ' '), ''), %(text)s::text),
    %(language)s::text, %(audience)s::int, 1, %(nothing)s::int, %(corrected)s::text)
on conflict (day, text, language, audience) do update
set times = kb_askedquestion.times + 1, nothing = kb_askedquestion.nothing + excluded.nothing,
    corrected_to = coalesce(nullif(excluded.corrected_to, ''), kb_askedquestion.corrected_to)
"""
# Who searched before midnight may open the answer after it.
CLICK = """
insert into kb_questionclick (question_id, article_id, place, times)
select q.id, a.id, %(place)s::int, 1 from kb_askedquestion q
join kb_article a on a.id = %(article)s::bigint and a.status = 'published' and a.access = any(%(access)s::text[])
where q.day in (%(day)s::date, %(eve)s::date) and q.text = %(text)s::text and q.language = %(language)s::text
    and q.audience = %(audience)s::int
order by q.day desc limit 1
on conflict (question_id, article_id, place) do update
set times = kb_questionclick.times + 1
"""


@dataclass(frozen=True)
class Asked:
    """A question as it is counted: on which day, in which words, by what kind of reader."""

    day: date
    text: str
    language: str
    audience: Audience


def as_kept(text: str) -> str:
    """Give a question as it is kept: small letters, one space, no person; empty when none is left."""
    hidden, _found = personal.hide(text)
    words = " ".join(fold(hidden).lower().split())[:LONGEST_QUESTION]
    left = words.replace(personal.NEUTRAL, "")
    return words if any(sign.isalnum() for sign in left) else ""


def count_question(*, asked: Asked, was_found: bool, corrected_to: str = "") -> None:
    """Count a search; one that says nothing but who somebody is, is not kept."""
    if text := as_kept(asked.text):
        corrected = as_kept(corrected_to)
        _execute(COUNT, asked, text=text, nothing=0 if was_found else 1, corrected=corrected)


def count_click(*, asked: Asked, article: int, place: int) -> None:
    """Count that an article was opened from the answers.

    A question that nobody counted has no clicks, nor has an article that such a reader cannot read.
    """
    text = as_kept(asked.text)
    if text and 1 <= place <= LAST_PLACE:
        _execute(
            CLICK,
            asked,
            text=text,
            article=article,
            place=place,
            eve=asked.day - timedelta(days=1),
            access=list(ACCESS_OF[asked.audience]),
        )


def _execute(statement: str, asked: Asked, **values: Any) -> None:
    given: dict[str, Any] = {
        "day": asked.day,
        "language": asked.language,
        "audience": int(asked.audience),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, {**given, **values})


def forget_questions(*, on: date) -> int:
    """Forget what was asked more than a year ago; answers how many rows."""
    gone, _by_model = AskedQuestion.objects.filter(day__lt=on - KEPT_FOR).delete()
    return gone


def mark_question(*, stems: str, text: str, state: str, actor: User, at: datetime) -> None:
    """Say that a question is dealt with; without a state, that it is not. Raises NotAllowed."""
    if not (can_write(actor) or can_publish(actor)):
        raise NotAllowed
    if state not in QuestionState.values:
        QuestionMark.objects.filter(stems=stems).delete()
        return
    QuestionMark.objects.update_or_create(
        stems=stems[: 2 * LONGEST_QUESTION],
        defaults={"state": state, "text": text[:LONGEST_QUESTION], "by": actor, "at": at},
    )
