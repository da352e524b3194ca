"""The rows of the ticket system."""

from tickets.models.clock import Clock, ClockKind, ClockLine, Outcome, Target
from tickets.models.conversation import Attachment, Message, MessageKind
from tickets.models.history import Event
from tickets.models.proof import Proof, ProofMethod
from tickets.models.ticket import Addressee, Category, ChannelCode, Priority, Status, Ticket

__all__ = [
    "Addressee",
    "Attachment",
    "Category",
    "ChannelCode",
    "Clock",
    "ClockKind",
    "ClockLine",
    "Event",
    "Message",
    "MessageKind",
    "Outcome",
    "Priority",
    "Proof",
    "ProofMethod",
    "Status",
    "Target",
    "Ticket",
]
