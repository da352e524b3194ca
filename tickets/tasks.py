"""The jobs of the ticket system."""

from celery import shared_task
from django.utils import timezone

from portal.delivery import heartbeats
from tickets import actions, figures, life, watch
from tickets.channels.email import fetching, forgetting, intake


@shared_task
def watch_clocks() -> None:
    """Warn of answers that are soon due, tell of those that are late."""
    at = timezone.now()
    watch.watch_clocks(at=at)
    heartbeats.beat("clocks", at=at)


@shared_task
def escalate_alerts() -> None:
    """Call the next person where nobody has taken a call in time."""
    at = timezone.now()
    actions.escalate_alerts(at=at)
    heartbeats.beat("alerts", at=at)


@shared_task
def live() -> None:
    """Remind silent customers, close what was announced, go on with what was agreed."""
    at = timezone.now()
    life.live(at=at)
    heartbeats.beat("life-of-tickets", at=at)


@shared_task
def forget_unsent_files() -> None:
    """Delete uploads whose form was never sent, and who has left the tickets they looked at."""
    at = timezone.now()
    actions.forget_unsent(at=at)
    actions.forget_presence(at=at)
    heartbeats.beat("forget-unsent-files", at=at)


# The first time, and after a long silence, many days are counted.
@shared_task(time_limit=900, soft_time_limit=840)
def aggregate_figures() -> None:
    """Add up the figures of the last days for the reports."""
    figures.update(at=timezone.now())


@shared_task(time_limit=900, soft_time_limit=840)
def correct_figures() -> None:
    """Add up the figures of the last weeks anew, for what arrived late."""
    at = timezone.now()
    figures.correct(at=at)
    heartbeats.beat("correct-figures", at=at)


@shared_task
def take_letters() -> None:
    """Make tickets and answers of the letters that came in."""
    intake.take_all()
    heartbeats.beat("letters", at=timezone.now())


# A mailbox that was not read for long may hold much, and its server be slow.
@shared_task(time_limit=600, soft_time_limit=570)
def fetch_letters() -> None:
    """Ask the mailboxes that no process looks after."""
    for mailbox in fetching.untended(timezone.now()):
        fetching.poll(mailbox)
    heartbeats.beat("mail", at=timezone.now())


@shared_task(time_limit=1800, soft_time_limit=1740)
def reconcile_mailboxes() -> None:
    """Compare the last days of each mailbox with the letters that lie here."""
    for mailbox in fetching.waiting():
        fetching.reconcile(mailbox)
    heartbeats.beat("compare-mailboxes", at=timezone.now())


@shared_task(time_limit=900, soft_time_limit=840)
def forget_letters() -> None:
    """Forget letters that became nothing and are older than 180 days."""
    at = timezone.now()
    forgetting.forget(at=at)
    heartbeats.beat("forget-letters", at=at)
