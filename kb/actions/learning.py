"""What searches teach: questions and clicks are counted, old ones forgotten, editors mark them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from unicodedata import normalize

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from kb.actions.access import can_publish, can_write
from kb.audience import ACCESS_OF, Audience
from kb.models import AskedQuestion, QuestionMark, QuestionState
from kb.models.learning import LONGEST_QUESTION
from kb.passages import fold
from portal import personal
from portal.refusals import NotAllowed, Refused

KEPT_FOR = timedelta(days=365)
BY_DAY_FOR = timedelta(days=92)  # afterwards by month
LAST_PLACE = 30
MOST_A_DAY = 10_000  # different questions; what comes in above them is not from readers
LOCK = 7_400_010  # of the database: one folds at a time

# The order keeps two processes that count the same questions from waiting for each other.
COUNT = """
with new as (
    select * from unnest(%(day)s::date[], %(text)s::text[], %(language)s::text[], %(audience)s::int[],
        %(times)s::int[], %(nothing)s::int[], %(corrected)s::text[])
        as t(day, text, language, audience, times, nothing, corrected_to)),
full_days as (
    select day from kb_askedquestion where day in (select day from new)
    group by day having count(*) >= %(most)s)
insert into kb_askedquestion
    (day, text, stems, language, audience, times, nothing, corrected_to)
select day, text, coalesce(nullif(array_to_string(
        tsvector_to_array(to_tsvector('russian', text)), ' '), ''), text),
    language, audience, times, nothing, corrected_to
from new where day not in (select day from full_days) or exists (
    select from kb_askedquestion q where q.day = new.day and q.text = new.text
        and q.language = new.language and q.audience = new.audience)
order by day, text, language, audience
on conflict (day, text, language, audience) do update
set times = kb_askedquestion.times + excluded.times,
    nothing = kb_askedquestion.nothing + excluded.nothing,
    corrected_to = coalesce(nullif(excluded.corrected_to, ''), kb_askedquestion.corrected_to)
"""
CLICK = """
insert into kb_questionclick (question_id, article_id, place, times)
select q.id, a.id, %(place)s::int, 1 from kb_askedquestion q
join kb_article a on a.id = %(article)s::bigint and a.status = 'published'
    and a.access = any(%(access)s::text[])
where q.day = %(day)s::date and q.text = %(text)s::text and q.language = %(language)s::text
    and q.audience = %(audience)s::int
on conflict (question_id, article_id, place) do update
set times = kb_questionclick.times + 1
"""
# Days become the first of their month: the questions, then what was opened from them.
FOLD = """
insert into kb_askedquestion
    (day, text, stems, language, audience, times, nothing, corrected_to)
select date_trunc('month', day)::date, text, max(stems), language, audience, sum(times),
    sum(nothing), max(corrected_to)
from kb_askedquestion where day < %(until)s and extract(day from day) > 1
group by 1, 2, 4, 5
on conflict (day, text, language, audience) do update
set times = kb_askedquestion.times + excluded.times,
    nothing = kb_askedquestion.nothing + excluded.nothing
"""
FOLD_CLICKS = """
insert into kb_questionclick (question_id, article_id, place, times)
select m.id, c.article_id, c.place, sum(c.times) from kb_questionclick c
join kb_askedquestion q on q.id = c.question_id
join kb_askedquestion m on m.day = date_trunc('month', q.day)::date and m.text = q.text
    and m.language = q.language and m.audience = q.audience
where q.day < %(until)s and extract(day from q.day) > 1
group by m.id, c.article_id, c.place
on conflict (question_id, article_id, place) do update
set times = kb_questionclick.times + excluded.times
"""
# What became part of its month, what was asked once in a month, and what is over a year old.
FORGET = """
with forgotten as (
    select id from kb_askedquestion q where q.day < %(last)s or q.day < %(until)s and (
        extract(day from q.day) > 1
        or q.times <= 1 and not exists (
            select from kb_questionclick c where c.question_id = q.id))),
clicks as (delete from kb_questionclick where question_id in (select id from forgotten))
delete from kb_askedquestion where id in (select id from forgotten)
"""


class NobodyAsks(Refused):
    """What is marked is a question of readers."""

    code = "nobody_asks"
    message = _("Nobody asks this any more.")


@dataclass(frozen=True)
class Asked:
    """A question as it is counted: on which day, in which words, by what kind of reader."""

    day: date
    text: str
    language: str
    audience: Audience


@dataclass
class Counted:
    """How often something was asked, and how often nothing was found."""

    times: int = 0
    nothing: int = 0
    corrected_to: str = ""

    def add(self, other: "Counted") -> None:
        """Count these too; the newest correction stands."""
        self.times += other.times
        self.nothing += other.nothing
        self.corrected_to = other.corrected_to or self.corrected_to


def as_kept(text: str) -> str:
    """Give a question as it is kept: small letters, one space, no person; empty when none is left."""
    hidden, _found = personal.hide(normalize("NFKC", text))
    words = " ".join(fold(hidden).lower().split())[:LONGEST_QUESTION].rstrip()
    left = words.replace(personal.NEUTRAL, "")
    return words if any(sign.isalnum() for sign in left) else ""


def count_questions(counted: Mapping[Asked, Counted]) -> None:
    """Count searches in one statement; one that says nothing but who somebody is, is not kept."""
    kept: dict[Asked, Counted] = {}
    for asked, count in counted.items():
        if text := as_kept(asked.text):
            corrected = as_kept(count.corrected_to)
            sum_of = kept.setdefault(replace(asked, text=text), Counted())
            sum_of.add(replace(count, corrected_to=corrected))
    if not kept:
        return
    rows = [
        (one.day, one.text, one.language, int(one.audience), n.times, n.nothing, n.corrected_to)
        for one, n in kept.items()
    ]
    names = ("day", "text", "language", "audience", "times", "nothing", "corrected")
    given: dict[str, Any] = {
        name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {**given, "most": MOST_A_DAY})


def count_click(*, asked: Asked, article: int, place: int) -> None:
    """Count that an article was opened from the answers.

    A question that nobody counted has no clicks, nor has an article that such a reader cannot read.
    """
    text = as_kept(asked.text)
    if not text or not 1 <= place <= LAST_PLACE:
        return
    given: dict[str, Any] = {
        "day": asked.day,
        "text": text,
        "language": asked.language,
        "audience": int(asked.audience),
        "article": article,
        "place": place,
        "access": list(ACCESS_OF[asked.audience]),
    }
    with connection.cursor() as cursor:
        cursor.execute(CLICK, given)


@transaction.atomic
def forget_questions(*, on: date) -> int:
    """Make months of old days, and forget what was asked once in a month or over a year ago.

    Answers how many rows are gone. A second time changes nothing.
    """
    # In statements of their own: hundreds of thousands of rows are too many to name one by one.
    given = {"until": (on - BY_DAY_FOR).replace(day=1), "last": on - KEPT_FOR}
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        for statement in (FOLD, FOLD_CLICKS, FORGET):
            cursor.execute(statement, given)
        gone: int = cursor.rowcount
    return gone


@transaction.atomic
def mark_question(*, stems: str, state: str, actor: User, at: datetime) -> None:
    """Say that a question is dealt with; without a state, that it is not.

    Raises NotAllowed, NobodyAsks.
    """
    if not (can_write(actor) or can_publish(actor)):
        raise NotAllowed
    asked = AskedQuestion.objects.filter(stems=stems).order_by("-times", "-day").first()
    if asked is None:
        raise NobodyAsks
    if state not in QuestionState.values:
        QuestionMark.objects.filter(stems=stems).delete()
        return
    QuestionMark.objects.update_or_create(
        stems=stems, defaults={"state": state, "text": asked.text, "by": actor, "at": at}
    )
