"""Reports: figures that agree with counting by hand, frozen at the event, each leading to its tickets."""

import random
from datetime import date, datetime, timedelta
from statistics import quantiles
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from tickets import actions, charts, drilling, figures, histogram, reports
from tickets.models import Clock, DayFigure, Rating, Ticket
from tickets.reports import Period

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
REPORTS, LIST = reverse("desk:reports"), reverse("desk:report_tickets")
ON = date(2026, 11, 23)
MOST_QUERIES = 12
TODAY = Period(ON, ON)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


def count(at):
    figures.rebuild(at=at)


def found(period=NOVEMBER):
    before = Period(period.first - period.days * DAY, period.first - DAY)
    return reports.report(period, before, reports.newest())


def line(report, dimension, value):
    return next(one for one in report.by[dimension] if one.value == str(value))


def reply(ticket, author, at):
    actions.reply(ticket=ticket, author=author, text="Смотрим.", form_key=uuid4(), at=at)


def solve(ticket, actor, at):
    actions.resolve(ticket=ticket, actor=actor, text="Готово.", form_key=uuid4(), at=at)


def triage(ticket, actor, at, priority="medium"):
    actions.triage(ticket=ticket, actor=actor, category=ticket.category, priority=priority, at=at)


def rate(ticket, score, at):
    ticket.refresh_from_db()
    Rating.objects.create(
        ticket=ticket, resolved_at=ticket.resolved_at, score=score, rated_at=at,
        specialist=Clock.objects.filter(ticket=ticket, kind="work").latest("id").stopped_by,
    )  # fmt: skip


@pytest.fixture
def history(file, anna, boris, vera, hotel, lighthouse, sergey, galina, at):
    """Forty tickets of three weeks with random fates; the same ones each time."""
    luck = random.Random(14)
    for _number in range(40):
        begun = at - luck.randrange(3, 20) * DAY + luck.randrange(600) * MINUTE
        person, place = luck.choice([(boris, hotel), (vera, lighthouse)])
        category = luck.choice(["incident", "service_request", "information_request"])
        ticket = file(person=person, property=place, category=category, at=begun)
        actor = luck.choice([sergey, galina])
        if luck.random() < 0.7:
            triage(ticket, actor, begun + MINUTE, luck.choice(["low", "medium"]))
        if luck.random() < 0.8:
            reply(ticket, actor, begun + luck.randrange(2, 400) * MINUTE)
        else:
            continue
        if luck.random() < 0.7:
            solved = begun + luck.randrange(401, 2000) * MINUTE
            solve(ticket, luck.choice([sergey, galina]), solved)
            if luck.random() < 0.5:
                rate(ticket, luck.randrange(1, 6), solved + HOUR)
            if luck.random() < 0.3:
                actions.reply(
                    ticket=ticket,
                    author=person,
                    text="Снова",
                    form_key=uuid4(),
                    at=solved + 2 * HOUR,
                )
    return at


def by_hand(kinds, **of_whom):
    """Count closed clocks one by one."""
    rows = [
        one
        for one in Clock.objects.filter(kind__in=kinds, stopped_at__isnull=False, **of_whom)
        if one.outcome not in {"merged", "withdrawn"}
    ]
    promised = [one for one in rows if one.was_late is not None]
    return len(rows), len(promised), sum(not one.was_late for one in promised)


def test_figures_agree_with_counting_by_hand(history):
    """Rule 14: reports read the ledger: closed clocks with what they froze."""
    count(history)
    tally = found().everything.of("first", "next")
    assert (tally.total, tally.promised, tally.in_time) == by_hand(["first", "next"])
    assert tally.total > 20


@pytest.mark.parametrize(
    ("dimension", "field"),
    [
        ("category", "category"),
        ("priority", "priority"),
        ("channel", "channel"),
        ("person", "stopped_by_id"),
    ],
)
def test_they_agree_for_every_part_too(history, dimension, field):
    count(history)
    report = found()
    values = set(Clock.objects.filter(outcome="answered").values_list(field, flat=True))
    assert values
    for value in values:
        part = line(report, dimension, "" if value is None else value).of("first", "next")
        expected = by_hand(["first", "next"], **{field: value})
        assert (part.total, part.promised, part.in_time) == expected, value


def test_organizations_agree_with_late_ones_that_are_owed(history, verf, mayak):
    count(history)
    for organization in (verf, mayak):
        owed = DayFigure.objects.filter(
            metric__in=["late_first", "late_next"], dimension="organization", value=organization.pk
        )
        late = sum(one.total for one in owed)
        total, promised, in_time = by_hand(["first", "next"], organization=organization)
        part = line(found(), "organization", organization.pk).first
        assert (part.total, part.promised, part.in_time) == (total + late, promised + late, in_time)


def test_median_and_nine_of_ten_are_right_to_within_five_percent(history):
    count(history)
    lengths = sorted(
        Clock.objects.filter(kind="first", outcome="answered").values_list(
            "elapsed_seconds", flat=True
        )
    )
    tally = found().everything.first
    # The histogram answers with an element of the set, the lower one where two share the middle.
    median = lengths[(len(lengths) + 1) // 2 - 1]
    ninth = lengths[-(-len(lengths) * 9 // 10) - 1]
    assert tally.median * 60 == pytest.approx(median, rel=histogram.MOST_ERROR / 100)
    assert tally.nine_of_ten * 60 == pytest.approx(ninth, rel=histogram.MOST_ERROR / 100)


def test_the_error_of_a_percentile_is_that_of_its_bucket():
    luck = random.Random(5)
    lengths = [luck.lognormvariate(8, 2) + 1 for _length in range(4000)]
    counted: dict[int, int] = {}
    for length in lengths:
        bucket = histogram.bucket_of(length)
        counted[bucket] = counted.get(bucket, 0) + 1
    cuts = quantiles(lengths, n=10)
    assert histogram.percentile(counted, 0.5) == pytest.approx(cuts[4], rel=0.05)
    assert histogram.percentile(counted, 0.9) == pytest.approx(cuts[8], rel=0.05)
    assert histogram.percentile({}, 0.5) is None


def test_backlog_is_what_was_open_at_the_end_of_each_day(history):
    count(history)
    for day in found().days:
        end = figures.start_of(day.on + DAY)
        began = Clock.objects.filter(kind="work", started_at__lt=end)
        still = began.exclude(stopped_at__lt=end).count()
        if day.backlog is not None:
            assert day.backlog == still, day.on


def test_reopenings_and_ratings_count_for_whoever_had_solved_it(file, sergey, galina, anna, at):
    ticket = file()
    solve(ticket, sergey, at + HOUR)
    rate(ticket, 5, at + 2 * HOUR)
    reply(ticket, anna, at + 3 * HOUR)
    solve(ticket, galina, at + 4 * HOUR)
    rate(ticket, 2, at + 5 * HOUR)
    count(at + 6 * HOUR)
    report = found(TODAY)
    everything, sergeys = report.everything, line(report, "person", sergey.pk)
    assert (everything.reopened.total, everything.solved.total) == (1, 2)
    assert everything.reopen_share == 50
    assert (everything.rated.mean, everything.rated.share) == (3.5, 50)
    assert (sergeys.reopened.total, sergeys.rated.mean, sergeys.solved.total) == (1, 5, 1)


def test_what_changes_later_changes_no_figure(file, boris, sergey, mayak, at):
    """Rule 14: target, priority and person are frozen on the event."""
    ticket = file(person=boris, category="service_request")
    triage(ticket, sergey, at, "low")
    reply(ticket, sergey, at + 10 * MINUTE)
    count(at + HOUR)
    before = list(
        DayFigure.objects.filter(metric="first").order_by("dimension").values("dimension", "value")
    )
    triage(ticket, sergey, at + HOUR, "medium")
    Ticket.objects.update(channel="phone", organization=mayak, category="change_request")
    count(at + 2 * HOUR)
    after = DayFigure.objects.filter(metric="first").order_by("dimension")
    assert list(after.values("dimension", "value")) == before
    assert line(found(TODAY), "priority", "low").first.total == 1


def test_counting_twice_changes_nothing(history):
    count(history)
    fields = ("day", "metric", "dimension", "value", "total", "in_time", "buckets", "counts")
    before = sorted(DayFigure.objects.values_list(*fields), key=str)
    figures.update(at=history)
    figures.correct(at=history)
    assert sorted(DayFigure.objects.values_list(*fields), key=str) == before


def test_what_came_since_the_last_run_is_counted_by_the_next(file, sergey, at):
    figures.update(at=at)
    reply(file(), sergey, at + MINUTE)
    figures.update(at=at + 5 * MINUTE)
    assert found(TODAY).everything.first.total == 1


def test_what_arrives_late_is_counted_in_its_day(file, sergey, at):
    figures.update(at=at + 20 * DAY)
    reply(file(), sergey, at + MINUTE)
    figures.update(at=at + 20 * DAY + MINUTE)
    assert found(TODAY).everything.first.total == 0
    figures.correct(at=at + 20 * DAY + 2 * MINUTE)
    assert found(TODAY).everything.first.total == 1


def test_a_day_ends_at_midnight_in_the_zone_of_the_hours(file, sergey, at):
    midnight = figures.start_of(ON + DAY)
    reply(file(), sergey, midnight - MINUTE)
    reply(file(), sergey, midnight)
    count(midnight + HOUR)
    assert found(TODAY).everything.first.total == 1


def test_answers_that_are_owed_and_late_count_as_late(file, sergey, at):
    reply(file(), sergey, at + MINUTE)
    file()
    count(at + 2 * HOUR)
    everything = found(TODAY).everything
    assert (everything.answers.share, everything.owed) == (50, 1)
    count(at + 20 * MINUTE)
    assert (found(TODAY).everything.answers.share, found(TODAY).everything.owed) == (100, 0)


def test_messages_that_needed_no_answer_are_outside_of_the_share(file, sergey, anna, at):
    ticket = file()
    reply(ticket, sergey, at + MINUTE)
    reply(ticket, anna, at + 2 * MINUTE)
    actions.close(ticket=ticket, actor=anna, at=at + 3 * MINUTE)
    count(at + HOUR)
    assert Clock.objects.filter(outcome="withdrawn", kind="next").exists()
    assert found(TODAY).everything.of("next").total == 0


def test_the_command_counts_everything(history):
    call_command("rebuild_reports")
    assert DayFigure.objects.filter(metric="first").exists()


# --- its page -------------------------------------------------------------------------------


@pytest.fixture
def recent(file, sergey, galina):
    """A ticket of yesterday, answered late, solved and rated; and one that is owed."""
    begun = figures.start_of(timezone.localdate() - DAY) + 9 * HOUR
    ticket = file(at=begun)
    triage(ticket, sergey, begun)
    reply(ticket, sergey, begun + 3 * HOUR)
    solve(ticket, sergey, begun + 4 * HOUR)
    rate(ticket, 4, begun + 5 * HOUR)
    file(at=begun)
    count(timezone.now())
    return ticket


def soup(answer):
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def shown(client, **asked):
    client.cookies["language"] = "en"
    return soup(client.get(REPORTS, asked))


def test_the_page_shows_the_figures_and_draws_them(sign_in, galina, recent):
    page = shown(sign_in(galina))
    kpis = {one.dt.text: one.dd.text for one in page.select(".kpis > div")}
    assert kpis["Answered in time"] == "0.0\u00a0%"
    assert kpis["Rating"] == "4.0"
    assert len(page.select("svg[role=img]")) == 3
    assert all(page.find(id=name) for svg in page.select("svg[role=img]")
               for name in svg["aria-labelledby"].split())  # fmt: skip


def test_each_number_leads_to_its_tickets(sign_in, galina, recent):
    client = sign_in(galina)
    page = shown(client)
    links = {one["href"] for one in page.select("main a[href*='metric=']")}
    assert len(links) > 15
    for link in links:
        assert client.get(link).status_code == 200, link
    late = next(link for link in links if "only=late" in link)
    assert [row.text for row in soup(client.get(late)).select("tbody th a")] == [
        f"№ {recent.number} {recent.subject}"
    ]


@pytest.mark.parametrize("metric", sorted(drilling.SOURCES))
def test_a_list_holds_as_many_as_the_figure_says(history, metric):
    count(history)
    everything = found().everything
    expected = {
        "all": everything.of("first", "next", "work", "update").total,
        "answers": everything.of("first", "next").total,
        "first": everything.first.total,
        "next": everything.of("next").total,
        "work": everything.solved.total,
        "update": 0,
        "owed": everything.owed,
        "filed": everything.filed.total,
        "reopened": everything.reopened.total,
        "rated": everything.rated.total,
        "read_first": 0,
        "unread": everything.came.total,
    }
    wish = drilling.Wish(metric, NOVEMBER)
    assert drilling.SOURCES[metric].rows(wish).count() == expected[metric]


@pytest.mark.parametrize("metric", ["answers", "work", "reopened", "rated"])
def test_the_lists_of_a_person_hold_what_their_line_says(history, sergey, galina, metric):
    count(history)
    for person in (sergey, galina):
        part = line(found(), "person", person.pk)
        expected = {
            "answers": part.of("first", "next").total,
            "work": part.solved.total,
            "reopened": part.reopened.total,
            "rated": part.rated.total,
        }
        wish = drilling.Wish(metric, NOVEMBER, "person", str(person.pk))
        assert drilling.SOURCES[metric].rows(wish).count() == expected[metric]


def test_a_list_is_paged_without_gap_or_double(history, monkeypatch):
    monkeypatch.setattr(drilling, "ROWS", 7)
    asked = {"metric": "answers", "from": "2026-11-01", "to": "2026-11-30"}
    seen, page = [], drilling.page(drilling.read(asked))
    seen += [row.pk for row in page.rows]
    while page.later:
        query = dict(part.split("=", 1) for part in page.later[1:].split("&"))
        after = query["after"].replace("%3A", ":").replace("%2B", "+").replace("%7E", "~")
        page = drilling.page(drilling.read({**asked, "after": after}))
        seen += [row.pk for row in page.rows]
    whole = drilling.clocks(drilling.read(asked)).order_by("-stopped_at", "-pk")
    assert seen == list(whole.values_list("pk", flat=True))
    assert len(seen) > 14


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"metric": "nonsense", "from": "2026-11-01", "to": "2026-11-30"},
        {"metric": "answers", "from": "2026-11-30", "to": "2026-11-01"},
        {"metric": "answers", "from": "2026-11-31", "to": "x"},
    ],
)
def test_what_makes_no_sense_leads_back_to_the_report(sign_in, galina, asked):
    assert sign_in(galina).get(LIST, asked).headers["Location"] == REPORTS


@pytest.mark.parametrize(
    "asked",
    [
        {"period": "7"}, {"period": "90", "compare": "year"}, {"period": "month"},
        {"period": "last_month"}, {"period": "dates", "from": "2020-01-01", "to": "2026-11-30"},
        {"period": "dates", "from": "x", "to": ""}, {"period": "nonsense", "compare": "nonsense"},
    ],
)  # fmt: skip
def test_every_period_can_be_asked_for(sign_in, galina, recent, asked):
    assert shown(sign_in(galina), **asked).select(".kpis")


def test_the_whole_of_last_month_is_compared_with_the_whole_month_before(sign_in, galina):
    page = sign_in(galina).get(REPORTS, {"period": "last_month"}).context["asked"]
    assert page.period.first.day == page.compared.first.day == 1
    assert page.compared.last + DAY == page.period.first


def test_it_costs_the_same_however_many_tickets_and_at_most_twelve_queries(
    sign_in, galina, recent, django_assert_max_num_queries
):
    client = sign_in(galina)
    client.get(REPORTS)
    figures.rebuild(at=timezone.now())
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(REPORTS)
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(LIST, {"metric": "answers", "from": "2020-01-01", "to": "2030-01-01"})


@pytest.mark.parametrize("address", [REPORTS, LIST])
def test_reports_are_for_the_head_of_support_alone(sign_in, sergey, maxim, anna, address):
    for person in (sergey, maxim, anna):
        assert sign_in(person).get(address).status_code == 403
    assert sign_in(None).get(address).status_code == 302


def test_a_report_is_only_read(sign_in, galina):
    assert sign_in(galina).post(REPORTS).status_code == 405


def test_the_menu_leads_there_for_the_head_only(sign_in, galina, sergey):
    assert REPORTS in sign_in(galina).get("/desk/").content.decode()
    assert REPORTS not in sign_in(sergey).get("/desk/").content.decode()


# --- drawings -------------------------------------------------------------------------------


def test_a_scale_ends_at_a_round_figure_above_the_highest():
    tops = [charts.bars([(figure,)], ("c1",)).scale[0] for figure in (0, 1, 7, 93, 120, 1001)]
    assert tops == [3, 3, 9, 120, 120, 1200]


def test_bars_stand_on_each_other_and_lines_pass_over_days_without_a_figure():
    drawing = charts.bars([(30, 0, 60)], ("c1", "c4", "c3"))
    assert [(bar.kind, bar.y, bar.height) for bar in drawing.bars] == [
        ("c1", 80.0, 40.0),
        ("c3", 0.0, 80.0),
    ]
    (curve,) = charts.curves([("c1", [0, None, 3])]).curves
    assert curve.points == "0.0,120.0 560.0,0.0"


def test_the_moment_of_counting_is_told(sign_in, galina, recent):
    moment = reports.counted_at()
    assert isinstance(moment, datetime)
    assert "Counted today" in shown(sign_in(galina)).text
