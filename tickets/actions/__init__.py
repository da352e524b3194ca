"""Everything that can be done to a ticket. Call through the module: `actions.reply(...)`."""

from tickets.actions.closing import close, reopen, resolve
from tickets.actions.conversation import note, reply
from tickets.actions.opening import UnknownProperty, file_ticket
from tickets.actions.triage import assign, readdress, set_status, triage
from tickets.actions.uploads import forget_unsent, keep_upload

__all__ = [
    "UnknownProperty",
    "assign",
    "close",
    "file_ticket",
    "forget_unsent",
    "keep_upload",
    "note",
    "readdress",
    "reopen",
    "reply",
    "resolve",
    "set_status",
    "triage",
]
