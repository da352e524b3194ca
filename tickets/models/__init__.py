"""The rows of the ticket system."""

from tickets.models.articles import ArticleTie
from tickets.models.clock import Clock, ClockKind, ClockLine, Outcome, Segment, Target
from tickets.models.conversation import Attachment, Message, MessageKind
from tickets.models.desk import Draft, Link, Macro, Merge, Presence, SavedView, Watcher
from tickets.models.development import Development, Eta
from tickets.models.duty import Alert, DutyShift, Rank
from tickets.models.history import Event
from tickets.models.life import Participant, Policy, Rating
from tickets.models.mail import (
    DeadAddress,
    IncomingLetter,
    LetterState,
    Mailbox,
    Security,
    VerdictPlace,
)
from tickets.models.proof import Proof, ProofMethod
from tickets.models.report import DayFigure, Dimension, Metric
from tickets.models.search import SearchDocument
from tickets.models.ticket import Addressee, Category, ChannelCode, Priority, Status, Ticket

__all__ = [
    "Addressee",
    "Alert",
    "ArticleTie",
    "Attachment",
    "Category",
    "ChannelCode",
    "Clock",
    "ClockKind",
    "ClockLine",
    "DayFigure",
    "DeadAddress",
    "Development",
    "Dimension",
    "Draft",
    "DutyShift",
    "Eta",
    "Event",
    "IncomingLetter",
    "LetterState",
    "Link",
    "Macro",
    "Mailbox",
    "Merge",
    "Message",
    "MessageKind",
    "Metric",
    "Outcome",
    "Participant",
    "Policy",
    "Presence",
    "Priority",
    "Proof",
    "ProofMethod",
    "Rank",
    "Rating",
    "SavedView",
    "SearchDocument",
    "Security",
    "Segment",
    "Status",
    "Target",
    "Ticket",
    "VerdictPlace",
    "Watcher",
]
