"""Letters come from a mailbox to us: each kept first, and only then marked there.

The watermark is the highest number below which nothing is missing. A crash at any point loses and
doubles nothing: what is kept is known by (mailbox, uidvalidity, uid), what is not yet marked is marked
the next time. One process at a time looks after a mailbox, by an advisory lock; should two do it all
the same, the database keeps each letter once (design/security.md, 2.1).
"""

import logging
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken
from django.db import DatabaseError, connection
from django.db.models import F
from django.utils import timezone

from portal.delivery import secrets
from portal.delivery.bell import ring_after_commit
from tickets.channels.email import caps, imap, store
from tickets.channels.email.imap import Envelope, NotGiven, Session, Stopped
from tickets.models import AfterKeeping, IncomingLetter, Mailbox, Trouble

log = logging.getLogger("tickets.mail")
LOCK = 531_001  # the first half of the advisory lock; the second is the mailbox
PUSHED = (
    25.0  # seconds that one IDLE lasts, so often we look by ourselves; also the pause without it
)
# The first one after a letter: what came while that was kept is not pushed by every server.
SOON = 2.0
BACK = timedelta(days=30)  # looked through when a mailbox is new here or numbers its letters anew
COMPARED = timedelta(days=7)  # by the nightly comparison
AT_ONCE = 50  # letters that are kept before they are marked together
MOST_ASKED = 10  # times for a letter the server does not give out, then its head has to do
GIVEN_UP = 20  # times, then a person is told that there is a letter, and to look there
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=10)
# A session begins anew now and then: what changed on the server shows at once.
LONGEST_SESSION = timedelta(minutes=20)
UNTENDED = timedelta(minutes=3)  # without a sign of the process that looks after it
ACCOUNT = (
    "is_active", "host", "port", "security", "user", "secret", "folder", "after", "processed_folder",
)  # fmt: skip


def account_of(mailbox: Mailbox, *, password: str | None = None) -> imap.Account:
    """Give what is needed to sign in. Raises Stopped where the kept password cannot be read."""
    if password is None:
        try:
            password = str(secrets.unseal(mailbox.secret).get("password", ""))
        except InvalidToken:
            raise Stopped(Trouble.SECRET) from None
    return imap.Account(
        host=mailbox.host,
        port=mailbox.port,
        security=mailbox.security,
        user=mailbox.user or mailbox.address,
        password=password,
        folder=mailbox.folder,
    )


@contextmanager
def alone(mailbox_id: int) -> Iterator[bool]:
    """Hold a mailbox for this process; False when another one looks after it."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s, %s)", [LOCK, mailbox_id])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            # With the connection the lock is gone as well.
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s, %s)", [LOCK, mailbox_id])


def waiting() -> list[Mailbox]:
    """Give the mailboxes that are fetched."""
    return list(Mailbox.objects.filter(is_active=True).exclude(host="").order_by("id"))


def pause(failures: int) -> timedelta:
    """Give how long to leave a mailbox alone after so many failures in a row."""
    return min(FIRST_PAUSE * 2 ** min(failures, 10), LONGEST_PAUSE) if failures else timedelta(0)


def untended(at: datetime) -> list[Mailbox]:
    """Give the mailboxes that no process looks after and that are due."""
    return [
        one
        for one in waiting()
        if one.polled_at is None or one.polled_at + UNTENDED + pause(one.failures) <= at
    ]


def poll(mailbox: Mailbox) -> int:
    """Fetch what is new once; answers how many letters came."""
    with alone(mailbox.pk) as is_ours:
        if not is_ours:
            return 0
        with _noted(mailbox), imap.opened(account_of(mailbox)) as session:
            return take_new(session, mailbox)
    return 0


def look_after(mailbox: Mailbox, stop: threading.Event) -> bool:
    """Fetch what comes, as it comes, until something changes, breaks or ends.

    False when another process looks after this mailbox.
    """
    with alone(mailbox.pk) as is_ours:
        if not is_ours:
            return False
        until = timezone.now() + LONGEST_SESSION
        with _noted(mailbox), imap.opened(account_of(mailbox)) as session:
            was_quiet = False
            while not stop.is_set():
                is_quiet = not take_new(session, mailbox)
                seconds = PUSHED if was_quiet and is_quiet else SOON
                was_quiet = is_quiet
                _well(mailbox)
                if timezone.now() > until or not _is_unchanged(mailbox):
                    break
                if session.can_push:
                    session.wait(seconds, stop)
                else:
                    stop.wait(seconds)
        return True


def _is_unchanged(mailbox: Mailbox) -> bool:
    stored = Mailbox.objects.filter(pk=mailbox.pk).first()
    return stored is not None and all(
        _plain(getattr(stored, name)) == _plain(getattr(mailbox, name)) for name in ACCOUNT
    )


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


@contextmanager
def _noted(mailbox: Mailbox) -> Iterator[None]:
    """Write down how it went: for the head of support in words, for the log by name."""
    trouble = Trouble.STORAGE
    try:
        yield
    except Stopped as stopped:
        trouble = stopped.trouble
    except OSError:
        pass  # only our own disk raises it here: the network's faults have names
    else:
        return _well(mailbox)
    log.warning("a mailbox is not read", extra={"mailbox": mailbox.pk, "trouble": trouble.value})
    rows = Mailbox.objects.filter(pk=mailbox.pk)
    rows.filter(failures__lt=1000).update(failures=F("failures") + 1)
    rows.update(polled_at=timezone.now(), last_error=trouble.value)
    return None


def _well(mailbox: Mailbox) -> None:
    error = Trouble.GAP.value if mailbox.troubled else ""
    Mailbox.objects.filter(pk=mailbox.pk).update(
        polled_at=timezone.now(), last_error=error, failures=0
    )


def take_new(session: Session, mailbox: Mailbox) -> int:
    """Keep what lies above the watermark; answers how many letters came. Raises Stopped."""
    mailbox.refresh_from_db(fields=["uidvalidity", "last_uid", "since_uid", "troubled"])
    if not mailbox.uidvalidity:
        return _begin(session, mailbox)
    if mailbox.uidvalidity != session.uidvalidity:
        _begin_anew(session, mailbox)
    run = Round(session, mailbox)
    run.take(session.above(mailbox.last_uid), moves_watermark=True)
    return run.came


def _begin(session: Session, mailbox: Mailbox) -> int:
    """Begin with a mailbox that is new here: what somebody read before us was answered before us."""
    run = Round(session, mailbox)
    unread = session.since((timezone.now() - BACK).date(), is_unread=True)
    run.take(unread)
    if not run.missing(unread):
        _set_watermark(session, mailbox, session.next_uid - 1)
    return run.came


def _begin_anew(session: Session, mailbox: Mailbox) -> None:
    """Look through the last days once more: what came before is known by its content."""
    recent = session.since((timezone.now() - BACK).date())
    log.warning("a mailbox numbers its letters anew", extra={"mailbox": mailbox.pk})
    _set_watermark(session, mailbox, min(recent, default=session.next_uid) - 1)


def _set_watermark(session: Session, mailbox: Mailbox, uid: int) -> None:
    mailbox.uidvalidity, mailbox.troubled = session.uidvalidity, {}
    mailbox.last_uid, mailbox.since_uid = uid, uid + 1
    mailbox.save(update_fields=["uidvalidity", "last_uid", "since_uid", "troubled"])


class Round:
    """One pass over letters of an open mailbox."""

    def __init__(self, session: Session, mailbox: Mailbox) -> None:
        self.session, self.mailbox = session, mailbox
        self.came = 0
        self.gone: set[int] = set()  # somebody deleted them before we came to them

    def times(self, uid: int) -> int:
        """Give how often the server did not give out a letter."""
        return int(self.mailbox.troubled.get(str(uid), 0))

    def missing(self, uids: Collection[int]) -> list[int]:
        """Give those of the numbers that do not lie here, in order."""
        here = self._kept(uids) | self.gone
        return sorted(uid for uid in uids if uid not in here)

    def take(self, uids: list[int], *, moves_watermark: bool = False) -> None:
        """Keep letters, mark them there, and only then move the watermark; some at a time."""
        # What made trouble comes last: it must not stand in the way of the rest.
        asked = sorted(uids, key=lambda uid: (self.times(uid), uid))
        for start in range(0, len(asked), AT_ONCE):
            some = asked[start : start + AT_ONCE]
            self._keep(some)
            self._mark(some)
            if self.came:
                # Whatever breaks later, letters come: no reason to stay away for long.
                Mailbox.objects.filter(pk=self.mailbox.pk, failures__gt=0).update(failures=0)
            if moves_watermark:
                self._advance(uids)
        if moves_watermark and not asked and self.mailbox.troubled:
            self._advance(uids)  # what made trouble is gone

    def _kept(self, uids: Collection[int]) -> set[int]:
        if not uids:
            return set()
        rows = IncomingLetter.objects.filter(
            mailbox=self.mailbox, uidvalidity=self.session.uidvalidity
        )
        within = rows.filter(uid__gte=min(uids), uid__lte=max(uids))
        return {uid for uid in within.values_list("uid", flat=True) if uid is not None}

    def _keep(self, uids: list[int]) -> None:
        here = self._kept(uids)
        new = [uid for uid in uids if uid not in here]  # in the order we were given
        envelopes = self.session.envelopes(new)
        unnamed = [uid for uid in new if uid not in envelopes]
        there = self.session.still_there(unnamed)
        self.gone.update(uid for uid in unnamed if uid not in there)
        for uid in sorted(there):
            self._count(uid)
        before = self.came
        for uid in new:
            if uid in envelopes:
                self._keep_one(uid, envelopes[uid])
        if self.came > before:
            ring_after_commit(store.TAKE)

    def _keep_one(self, uid: int, envelope: Envelope) -> None:
        try:
            raw, reason = self._bytes(uid, envelope)
        except NotGiven:
            return self._count(uid)
        except Stopped:
            # It may be this letter that breaks the connection: the next time it comes last.
            self._count(uid)
            raise
        now = timezone.now()
        store.keep(
            raw,
            mailbox=self.mailbox,
            uidvalidity=self.session.uidvalidity,
            uid=uid,
            received_at=min(envelope.came_at or now, now),
            only_head=reason,
            size=envelope.size if reason else None,
            rings=False,
        )
        self.came += 1
        return None

    def _bytes(self, uid: int, envelope: Envelope) -> tuple[bytes, str]:
        """Give a letter, or its head and the reason why there is no more."""
        if envelope.size > caps.LARGEST:
            return self.session.headers(uid), "too_large"
        if self.times(uid) >= GIVEN_UP:
            return f"\r\n{uid}".encode(), "not_given"
        if self.times(uid) >= MOST_ASKED:
            return self.session.headers(uid), "not_given"
        raw = self.session.letter(uid)
        if len(raw) > caps.LARGEST:  # the size that was told was wrong
            return self.session.headers(uid), "too_large"
        return raw, ""

    def _count(self, uid: int) -> None:
        self.mailbox.troubled[str(uid)] = self.times(uid) + 1
        self.mailbox.save(update_fields=["troubled"])
        log.warning(
            "a letter was not given out",
            extra={"mailbox": self.mailbox.pk, "uid": uid, "times": self.times(uid)},
        )

    def _mark(self, uids: list[int]) -> None:
        """Mark what lies here; a server that refuses that keeps nobody from letters."""
        kept = sorted(self._kept(uids) & set(uids))
        if not kept or self.mailbox.after == AfterKeeping.LEAVE:
            return
        try:
            folder = self.mailbox.processed_folder
            is_moved = self.mailbox.after == AfterKeeping.MOVE and self.session.move(kept, folder)
            if not is_moved:
                self.session.mark_read(kept)
        except Stopped as stopped:
            if stopped.trouble != Trouble.ANSWERED_NO:
                raise
            log.warning("letters could not be marked", extra={"mailbox": self.mailbox.pk})

    def _advance(self, uids: list[int]) -> None:
        """Move the watermark to below the first letter that is missing."""
        missing = self.missing(uids)
        self.mailbox.last_uid = (
            min(missing) - 1 if missing else max(uids, default=self.mailbox.last_uid)
        )
        left = {str(uid) for uid in missing}
        troubled = self.mailbox.troubled
        self.mailbox.troubled = {uid: n for uid, n in troubled.items() if uid in left}
        self.mailbox.save(update_fields=["last_uid", "troubled"])


def reconcile(mailbox: Mailbox) -> None:
    """Compare the last days of a mailbox with what lies here, and fetch what is missing."""
    with _noted(mailbox), imap.opened(account_of(mailbox)) as session:
        take_new(session, mailbox)
        recent = session.since((timezone.now() - COMPARED).date())
        ours = [uid for uid in recent if mailbox.since_uid <= uid <= session.next_uid]
        run = Round(session, mailbox)
        missing = run.missing(ours)
        run.take(missing)
        _tell(mailbox, late=run.came, missing=len(run.missing(missing)))


def _tell(mailbox: Mailbox, *, late: int, missing: int) -> None:
    """Write down what the comparison found."""
    if late or missing:
        told = {"mailbox": mailbox.pk, "late": late, "missing": missing}
        log.error("a mailbox and its letters here differed", extra=told)
    Mailbox.objects.filter(pk=mailbox.pk).update(
        reconciled_at=timezone.now(), reconciled_late=late, reconciled_missing=missing
    )
