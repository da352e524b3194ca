"""Loads the demo: people, articles, tickets and feedback from the files beside each app.

What people do goes through the same actions as in real life, at the moments the files name.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import frontmatter
import yaml
from django.conf import settings
from django.db import transaction

from accounts import actions as accounts
from accounts.models import Organization, Property, Role, User
from kb import actions as kb
from kb.audience import Audience
from kb.models import Article, Kind, ReadCount, Section, Vote
from portal import html
from portal.demo import mail
from portal.feedback import actions as feedback
from tickets import actions as tickets
from tickets import figures, identity
from tickets.models import DutyShift, Macro, Rank, Ticket

Row = dict[str, Any]
Tell = Callable[[str], object]

PASSWORD = "hotel-demo"  # noqa: S105
MOSCOW = ZoneInfo("Europe/Moscow")
LOGINS = [
    ("anna@severnaya-verf.example", "front desk of a hotel"),
    ("boris@severnaya-verf.example", "its manager"),
    ("sergey@hotbot.example", "support specialist"),
    ("galina@hotbot.example", "head of support, reviews feedback in /admin/"),
    ("maxim@hotbot.example", "account manager"),
    ("elena@hotbot.example", "editor of the knowledge base"),
    ("polina@hotbot.example", "its author, whose words an editor reviews"),
    ("admin@hotbot.example", "administrator"),
]
READ_DAYS = 30


def load(*, at: datetime, tell: Tell) -> None:
    """Write the whole demo, or nothing of it."""
    with transaction.atomic():
        people = _load_people(at)
        tell(f"{len(people)} people")
        tell(f"{_load_articles(people, at)} articles")
        tell(f"{_load_macros()} macros")
        _load_rota(people, at)
        tell(f"{_load_tickets(people, at)} tickets")
        tell(f"{_load_letters(people, at)} letters")
        tell(f"{_load_feedback(people, at)} feedback")
        # Later a task counts what has come; the first look at the reports need not wait for it.
        figures.rebuild(at=at)


def _load_people(at: datetime) -> dict[str, User]:
    data = _yaml(Path(__file__).parent / "people.yaml")
    organizations = {
        row["key"]: Organization.objects.create(name=row["name"], created_at=at)
        for row in data["organizations"]
    }
    for row in data["organizations"]:
        for hotel in row["properties"]:
            Property.objects.create(
                organization=organizations[row["key"]], name=hotel["name"], site=hotel["site"]
            )
    people = {row["key"]: _person(row, organizations) for row in data["people"]}
    for row in data["organizations"]:
        organization = organizations[row["key"]]
        organization.account_manager = people[row["manager"]]
        organization.save(update_fields=["account_manager"])
    return people


def _person(row: Row, organizations: dict[str, Organization]) -> User:
    person = accounts.make_person(
        email=row["email"],
        password=PASSWORD,
        full_name=row["full_name"],
        position=row["position"],
        phone=row["phone"],
        role=Role.objects.get(code=row["role"]),
        organization=organizations.get(row.get("organization") or ""),
        language=row.get("language", "ru"),
        time_zone=row.get("time_zone", "Europe/Moscow"),
    )
    if row["role"] == "administrator":
        person.is_superuser = True
        person.save(update_fields=["is_superuser"])
    return person


def _load_articles(people: dict[str, User], at: datetime) -> int:
    folder = settings.BASE_DIR / "kb" / "demo"
    sections = {
        row["slug"]: Section.objects.create(
            slug=row["slug"],
            icon=row["icon"],
            title_ru=row["title"]["ru"],
            title_en=row["title"]["en"],
            description_ru=row["description"]["ru"],
            description_en=row["description"]["en"],
            order=order,
        )
        for order, row in enumerate(_yaml(folder / "sections.yaml"))
    }
    posts = {
        (language, path.stem): frontmatter.load(str(path))
        for language in ("ru", "en")
        for path in sorted((folder / language).glob("*.md"))
    }
    articles = {
        slug: _article(
            language, slug, post, sections, people["elena"], at - timedelta(hours=7 * number)
        )
        for number, ((language, slug), post) in enumerate(posts.items())
    }
    for (_language, slug), post in posts.items():
        _connect(articles, slug, post)
    _load_questions(folder / "questions.yaml", articles, at)
    life = _yaml(folder / "life.yaml")
    for row in life["votes"]:
        _vote(articles[row["slug"]], row, at)
    for row in life["drafts"]:
        _draft(row, sections, people, at)
    for row in life["changes"]:
        _change(articles[row["slug"]], row, people[row["by"]], at)
    for row in life["flags"]:
        kb.flag(
            article=articles[row["slug"]],
            actor=people[row["by"]],
            comment=row["comment"],
            at=at - timedelta(hours=5),
        )
    return len(articles)


def _vote(article: Article, row: Row, at: datetime) -> None:
    """Let readers say whether an article helped, over the last month; one of them says why not."""
    words = article.revisions.latest("number")
    said = [(True, [])] * row["helped"] + [(False, [reason]) for reason in row["not"]]
    # As rows: a month of readers would otherwise write to the author in one minute.
    Vote.objects.bulk_create(
        Vote(
            revision=words,
            voter=f"demo-{number}",
            is_helpful=is_helpful,
            reasons=reasons,
            created_at=at - timedelta(hours=17 * (number + 1) % (24 * READ_DAYS)),
        )
        for number, (is_helpful, reasons) in enumerate(said)
    )
    if comment := row.get("comment"):
        kb.vote(
            revision=words,
            voter="demo-comment",
            is_helpful=False,
            reasons=row["not"][-1:],
            comment=comment,
            at=at - timedelta(hours=28),
        )


def _draft(row: Row, sections: dict[str, Section], people: dict[str, User], at: datetime) -> None:
    kb.write_draft(
        actor=people[row["by"]],
        section=sections[row["section"]],
        title=row["title"],
        body=html.from_markdown(row["body"]),
        language="ru",
        comment=row["comment"],
        at=at - timedelta(hours=26),
    )


def _change(article: Article, row: Row, author: User, at: datetime) -> None:
    """Let an author write on, and an editor find it for review."""
    words = article.revisions.latest("number")
    kb.save(
        article=article,
        title=words.title,
        summary=words.summary,
        body=words.body + html.from_markdown(row["add"]),
        author=author,
        comment=row["comment"],
        significance=row["significance"],
        at=at - timedelta(hours=3),
    )
    kb.submit(article=article, actor=author, at=at - timedelta(hours=3), comment=row["comment"])


def _load_questions(rows: Path, articles: dict[str, Article], at: datetime) -> None:
    """Let readers have searched, over the last week."""
    for number, row in enumerate(_yaml(rows)):
        day = (at - timedelta(days=number % 7)).astimezone(MOSCOW).date()
        asked = kb.Asked(day, row["text"], "ru", Audience.EVERYBODY)
        kb.count_questions({asked: kb.Counted(row["times"], row.get("nothing", 0))})
        for place, (slug, times) in enumerate(row.get("opened", {}).items(), 1):
            for _time in range(times):
                kb.count_click(asked=asked, article=articles[slug].pk, place=place)


def _article(
    language: str,
    slug: str,
    post: Any,
    sections: dict[str, Section],
    author: User,
    at: datetime,
) -> Article:
    article = Article.objects.create(
        section=sections[str(post["section"])],
        slug=slug,
        language=language,
        kind=str(post.get("kind", Kind.ARTICLE)),
        access=str(post.get("access", "public")),
        tags=post.get("tags", []),
        checked_on=post.get("checked_on") or date(2026, 11, 1),
        owner=author,
        created_at=at,
    )
    kb.save(
        article=article,
        title=str(post["title"]),
        summary=str(post.get("summary", "")),
        body=html.from_markdown(post.content),
        author=author,
        comment="",
        at=at,
    )
    kb.publish(article=article, actor=author, at=at)
    return article


def _connect(articles: dict[str, Article], slug: str, post: Any) -> None:
    article = articles[slug]
    article.related.set([articles[name] for name in post.get("related", []) if name in articles])
    if original := post.get("translation_of"):
        article.translation_of = articles[str(original)]
        # Both came from one hand: a translation that is older would ask to be looked after.
        article.updated_at = max(article.updated_at, article.translation_of.updated_at)
        article.save(update_fields=["translation_of", "updated_at"])
    if popular := post.get("popular"):
        ReadCount.objects.bulk_create(
            ReadCount(
                article=article,
                on=article.created_at.date() + timedelta(days=day),
                count=int(str(popular)),
            )
            for day in range(1)
        )


def _load_macros() -> int:
    rows = _yaml(Path(__file__).parent / "macros.yaml")
    for order, row in enumerate(rows):
        tickets.save_macro(macro=Macro(**row, order=order))
    return len(rows)


def _load_rota(people: dict[str, User], at: datetime) -> None:
    """Put sergey and timur on duty in turn, week by week; the last days ahead are not planned yet."""
    pair = (people["sergey"], people["timur"])
    for week in range(-3, 2):
        starts_at = at + timedelta(days=7 * week - 3)
        for rank in Rank:
            DutyShift.objects.create(
                person=pair[(week + rank) % 2],
                rank=rank,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(days=7),
            )


def _load_tickets(people: dict[str, User], at: datetime) -> int:
    rows = [
        (_moment(row["filed"], at), row)
        for row in _yaml(settings.BASE_DIR / "tickets" / "demo" / "tickets.yaml")
    ]
    for filed_at, row in sorted(rows, key=lambda pair: pair[0]):
        _Story(row, people, filed_at, at).tell()
    return len(rows)


class _Story:
    """One demo ticket, lived through action by action."""

    def __init__(
        self, row: Row, people: dict[str, User], filed_at: datetime, now: datetime
    ) -> None:
        self.row, self.people, self.at, self.now = row, people, filed_at, now

    def tell(self) -> None:
        self.ticket = self._file()
        self._triage()
        self._promise()
        for colleague in self.row.get("joined", []):
            tickets.join(ticket=self._fresh(), actor=self.people[colleague], at=self._later(1))
        for message in self.row.get("messages", []):
            self._say(message)
        self._end()
        if self.row.get("rating"):
            self._rate()

    def _later(self, minutes: int) -> datetime:
        """Move on, never past the present."""
        self.at = min(self.at + timedelta(minutes=minutes), self.now - timedelta(seconds=5))
        return self.at

    def _file(self) -> Ticket:
        requester = self.people[self.row["requester"]]
        hotel = Property.objects.visible_to(requester).filter(name=self._property_name()).first()
        return tickets.file_ticket(
            person=requester,
            property=hotel,
            category=self.row["category"],
            subject=self.row["subject"],
            description=self.row["description"],
            details=self.row.get("fields") or {},
            attachments=[],
            addressee=self.row.get("addressee", "support"),
            channel=self.row.get("channel", "cabinet"),
            evidence=identity.session(),
            form_key=uuid.uuid4(),
            at=self.at,
        )

    def _property_name(self) -> str:
        data = _yaml(Path(__file__).parent / "people.yaml")
        names = {
            hotel["key"]: hotel["name"]
            for organization in data["organizations"]
            for hotel in organization["properties"]
        }
        return str(names.get(self.row.get("property"), ""))

    def _triage(self) -> None:
        specialist = self.people[self.row.get("assignee") or "sergey"]
        if self.row.get("assignee") and self.ticket.assignee_id != specialist.pk:
            self.ticket = self._fresh()
            tickets.assign(
                ticket=self.ticket, actor=specialist, assignee=specialist, at=self._later(4)
            )
        if self.row.get("priority"):
            tickets.triage(
                ticket=self._fresh(),
                actor=self.people["sergey"],
                category=self.row["category"],
                priority=self.row["priority"],
                at=self._later(2),
            )

    def _promise(self) -> None:
        """Promise the answer later than was said before filing, with the reason."""
        if not (moved := self.row.get("promise")):
            return
        self.at = max(self.at, self._after(moved["after"]))
        tickets.move_promise(
            ticket=self._fresh(),
            actor=self.people[self.row["assignee"]],
            promised_at=self._after(moved["by"]),
            reason=moved["reason"],
            at=self._later(0),
        )

    def _after(self, length: str) -> datetime:
        hours, minutes = map(int, str(length).split(":"))
        return self.ticket.received_at + timedelta(hours=hours, minutes=minutes)

    def _say(self, message: Row) -> None:
        author = self.people[message["by"]]
        self.at = max(self.at, self._after(message["after"]))
        act = tickets.note if message.get("kind") == "note" else tickets.reply
        act(
            ticket=self._fresh(),
            author=author,
            text=message["text"],
            attachments=[],
            form_key=uuid.uuid4(),
            at=self._later(0),
        )

    def _end(self) -> None:
        end, actor = self.row["end"], self.people[self.row.get("assignee") or "sergey"]
        if end in {"resolved", "closed"}:
            tickets.resolve(
                ticket=self._fresh(),
                actor=actor,
                text="",
                attachments=[],
                form_key=uuid.uuid4(),
                at=self._later(6),
            )
        if end == "closed":
            requester = self.people[self.row["requester"]]
            tickets.close(ticket=self._fresh(), actor=requester, at=self._later(90))
        if agreed := self.row.get("agreed"):
            agreed_on = (self.now.astimezone(MOSCOW) + timedelta(days=agreed)).date()
            tickets.agree_date(
                ticket=self._fresh(), actor=actor, agreed_on=agreed_on, at=self._later(3)
            )
        elif end == "waiting_customer":
            tickets.set_status(ticket=self._fresh(), actor=actor, status=end, at=self._later(3))
        if end == "in_development":
            self._hand_over(self.row["development"], actor)

    def _hand_over(self, row: Row, actor: User) -> None:
        """Give it to the developers; the days of its dates count from now, so none has passed."""
        today = self.now.astimezone(MOSCOW).date()
        key, days = row.get("tracker_key", ""), row.get("eta_in_days")
        development = tickets.hand_over(
            ticket=self._fresh(),
            actor=actor,
            title=row["title"],
            brief=row["brief"],
            eta_on=today + timedelta(days=days) if days else None,
            news_due_at=self.now + timedelta(days=row["news_in_days"]),
            customer_text=row["customer_text"],
            tracker_url=f"https://tracker.example/{key}" if key else "",
            tracker_key=key,
            at=self._later(3),
        )
        if key:
            tickets.take(development=development, actor=self.people["daria"], at=self._later(20))

    def _rate(self) -> None:
        tickets.rate(
            ticket=self._fresh(),
            actor=self.people[self.row["requester"]],
            score=self.row["rating"],
            comment=self.row.get("rating_comment", ""),
            at=self._later(45),
        )

    def _fresh(self) -> Ticket:
        return Ticket.objects.get(pk=self.ticket.pk)


def _load_letters(people: dict[str, User], at: datetime) -> int:
    rows = [
        (_moment(row["came"], at), row) for row in _yaml(Path(__file__).parent / "letters.yaml")
    ]
    for came_at, row in sorted(rows, key=lambda pair: pair[0]):
        mail.keep(row, people, came_at)
    return len(rows)


def _load_feedback(people: dict[str, User], at: datetime) -> int:
    rows = _yaml(Path(__file__).parent / "feedback.yaml")
    for row in rows:
        given_at = at - timedelta(days=row["days_ago"], minutes=len(row["text"]) % 600)
        author = people.get(row.get("by") or "")
        given = feedback.give(
            kind=row["kind"],
            to=row["to"],
            author=author,
            name=row.get("name") or "",
            email=row.get("email") or "",
            text=row["text"],
            reasons=[],
            about_path="",
            about_title="",
            source="page",
            language="ru",
            form_key=str(uuid.uuid4()),
            at=given_at,
        )
        _review(given, row, people["galina"], given_at + timedelta(hours=2))
    return len(rows)


def _review(given: Any, row: Row, head: User, at: datetime) -> None:
    if row["status"] != "new":
        feedback.take(feedback=given, actor=head)
    if row["status"] == "answered":
        feedback.answer(feedback=given, actor=head, text=row["answer"], at=at)
    if row["status"] == "closed":
        feedback.close(feedback=given, actor=head)


def _moment(text: str, now: datetime) -> datetime:
    """Read «-2d 14:35» (days ago at a Moscow time) or «-40m» (minutes ago)."""
    if text.endswith("m"):
        return now - timedelta(minutes=int(text.rsplit(maxsplit=1)[-1].strip("-m")))
    days, clock = text.split()
    hours, minutes = map(int, clock.split(":"))
    day = now.astimezone(MOSCOW) - timedelta(days=int(days.strip("-d")))
    return day.replace(hour=hours, minute=minutes, second=0, microsecond=0).astimezone(UTC)


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())
