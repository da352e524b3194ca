"""Reads what readers have taught: what they ask in vain, which articles help them and which do not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Avg, Count, Q, QuerySet, Sum

from kb.actions import REASON_WORDS
from kb.models import Article, QuestionClick, ReadCount, Vote
from portal import exchange
from portal.support.schedule import ground

MOST = 50  # rows of a list; the file holds a thousand
FEWEST_VOTES = 5
# Readers are helped less than this for certain: the upper end of Wilson's interval of 95 percent.
WORTH_MENDING = 0.8
COMMENTS, QUESTIONS = 200, 20

# One row a question, in whatever words: those that most people used stand for all.
QUESTIONS_OF = """
with opened as (
    select c.question_id, sum(c.times)::int as times from kb_questionclick c
    join kb_askedquestion q on q.id = c.question_id
    where q.day between %(first)s and %(last)s group by c.question_id),
asked as (
    select q.stems, (array_agg(q.text order by q.times desc, q.day desc, q.text))[1] as text,
        sum(q.times)::int as times, sum(q.nothing)::int as nothing,
        coalesce(sum(opened.times), 0)::int as opened, max(q.day) as last_on,
        array_agg(distinct q.language) as languages, min(q.audience)::int as widest,
        max(q.corrected_to) as corrected_to, count(distinct q.text)::int as wordings
    from kb_askedquestion q left join opened on opened.question_id = q.id
    where q.day between %(first)s and %(last)s group by q.stems)
select asked.*, m.state, m.at, p.full_name, count(*) over ()
from asked left join kb_questionmark m using (stems) left join accounts_user p on p.id = m.by_id
where {which} and (m.state is null) = %(is_open)s
order by {order} limit %(most)s
"""
NOTHING_FOUND = (
    "asked.nothing > 0 and asked.nothing * 2 >= asked.times",
    "asked.nothing desc, asked.text",
)
NOTHING_OPENED = (
    "asked.nothing * 2 < asked.times and asked.opened = 0 and asked.times > 1",
    "asked.times desc, asked.text",
)
MARKED = ("true", "m.at desc, asked.text")
# Wilson's interval: with few votes it is wide, so that three "no" of four are no verdict yet.
WORST = """
with votes as (
    select a.id, a.current_revision_id as revision, count(*)::float as n,
        count(*) filter (where v.is_helpful)::float as yes
    from kb_article a join kb_vote v on v.revision_id = a.current_revision_id
    where a.status = 'published' group by a.id having count(*) >= %(fewest)s),
bound as (
    select *, (yes / n + 1.9208 / n + 1.96 * sqrt(yes / n * (1 - yes / n) / n + 0.9604 / (n * n)))
        / (1 + 3.8416 / n) as upper from votes)
select b.id, b.yes::int, b.n::int, array(
    select unnest(v.reasons) from kb_vote v where v.revision_id = b.revision and not v.is_helpful)
from bound b where b.upper < %(worth)s order by b.upper, b.n desc, b.id limit %(most)s
"""


@dataclass(frozen=True)
class Days:
    """Some days, the first and the last included."""

    first: date
    last: date

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The moments `[start, end)` of these days."""
        zone = ground().zone
        return (
            datetime.combine(self.first, time.min, zone),
            datetime.combine(self.last + timedelta(days=1), time.min, zone),
        )


@dataclass(frozen=True)
class Question:
    """A question as the page shows it, and what an editor made of it."""

    stems: str
    text: str
    times: int
    nothing: int
    opened: int
    last_on: date
    languages: list[str]
    widest: int  # the widest circle that asked (kb.audience)
    corrected_to: str
    wordings: int
    state: str | None
    marked_at: datetime | None
    marked_by: str | None
    of: int  # how many there are in all


Reasons = list[tuple[Any, int]]  # in words, the most given first


@dataclass
class Helped:
    """How an article does: votes on its words of today, readings, tickets."""

    article: Article
    yes: int = 0
    votes: int = 0
    reasons: Reasons = field(default_factory=list)
    reads: int = 0
    tickets: int = 0

    @property
    def share(self) -> float:
        """The share of readers whom it helped, in percent."""
        return 100 * self.yes / self.votes if self.votes else 0.0

    @property
    def ticket_share(self) -> float | None:
        """Tickets of a hundred readings; None where no reading was counted."""
        return 100 * self.tickets / self.reads if self.reads else None


@dataclass(frozen=True)
class OfRevision:
    """What readers said of the words of one revision."""

    number: int
    title: str
    saved_at: datetime
    yes: int
    votes: int
    reasons: Reasons

    @property
    def share(self) -> float:
        """The share of "yes", in percent."""
        return 100 * self.yes / self.votes


def nothing_found(days: Days, most: int = MOST) -> list[Question]:
    """Give the questions that mostly found nothing, the most asked first."""
    return _questions(days, NOTHING_FOUND, most, is_open=True)


def nothing_opened(days: Days, most: int = MOST) -> list[Question]:
    """Give the questions asked twice or more that found articles of which nobody opened one."""
    return _questions(days, NOTHING_OPENED, most, is_open=True)


def marked(days: Days, most: int = MOST) -> list[Question]:
    """Give the questions that were dealt with and asked in these days, the newest mark first."""
    return _questions(days, MARKED, most, is_open=False)


def _questions(days: Days, which: tuple[str, str], most: int, *, is_open: bool) -> list[Question]:
    narrowed, order = which
    given: dict[str, Any] = {
        "first": days.first,
        "last": days.last,
        "is_open": is_open,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(QUESTIONS_OF.format(which=narrowed, order=order), given)
        return [Question(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Help:
    """Which articles help, and which do not."""

    worst: list[Helped]  # for certain too few are helped, by the votes on the words of today
    still_asked: list[Helped]  # most tickets were filed after them
    useful: list[Helped]  # given in most solved tickets


def help_given(days: Days) -> Help:
    """Say which articles help; each list is loaded with the others, for few statements."""
    start, end = days.bounds
    votes, ties = _worst(), exchange.of_tickets().counted(start, end, most=MOST)
    tied = [number for rows in ties.values() for number, _tickets in rows]
    articles = _articles([*(row[0] for row in votes), *tied])
    reads = _reads(tied, days)

    def with_tickets(kind: str) -> list[Helped]:
        return [
            Helped(articles[number], reads=reads.get(number, 0), tickets=tickets)
            for number, tickets in ties[kind]
            if number in articles
        ]

    worst = [
        Helped(articles[number], yes, count, _in_words(reasons))
        for number, yes, count, reasons in votes
        if number in articles
    ]
    return Help(worst, with_tickets("read"), with_tickets("given"))


def _reads(articles: list[int], days: Days) -> dict[int, int]:
    rows = ReadCount.objects.filter(article__in=articles, on__range=(days.first, days.last))
    return dict(rows.values("article").annotate(n=Sum("count")).values_list("article", "n"))


def _worst() -> list[tuple[int, int, int, list[str]]]:
    given: dict[str, Any] = {"fewest": FEWEST_VOTES, "worth": WORTH_MENDING, "most": MOST}
    with connection.cursor() as cursor:
        cursor.execute(WORST, given)
        rows: list[tuple[int, int, int, list[str]]] = cursor.fetchall()
    return rows


def votes_of(article: Article) -> dict[str, Any]:
    """Give what readers said of each revision, their comments, and what they had searched for."""
    votes = Vote.objects.filter(revision__article=article)
    said = votes.exclude(comment="").select_related("revision").order_by("-created_at", "-id")
    searches = QuestionClick.objects.filter(article=article).values("question__text")
    return {
        "revisions": _by_revision(votes),
        "comments": said[:COMMENTS],
        "questions": searches.annotate(opened=Sum("times"), mean_place=Avg("place")).order_by(
            "-opened", "question__text"
        )[:QUESTIONS],
    }


def _by_revision(votes: QuerySet[Vote]) -> list[OfRevision]:
    reasons: dict[int, list[str]] = {}
    given = votes.filter(is_helpful=False).exclude(reasons=[])
    for number, codes in given.values_list("revision__number", "reasons"):
        reasons.setdefault(number, []).extend(codes)
    counted = (
        votes.values_list("revision__number", "revision__title", "revision__created_at")
        .annotate(yes=Count("id", filter=Q(is_helpful=True)), votes=Count("id"))
        .order_by("-revision__number")
    )
    return [
        OfRevision(number, title, saved_at, yes, count, _in_words(reasons.get(number, [])))
        for number, title, saved_at, yes, count in counted
    ]


def _in_words(codes: Sequence[str]) -> Reasons:
    found = [(words, codes.count(code)) for code, words in REASON_WORDS if code in codes]
    return sorted(found, key=lambda one: -one[1])


def _articles(numbers: Sequence[int]) -> dict[int, Article]:
    found = Article.objects.select_related("current_revision")
    return found.defer("current_revision__body", "current_revision__plain").in_bulk(numbers)
