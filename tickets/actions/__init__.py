"""Everything that can be done to a ticket. Call through the module: `actions.reply(...)`."""

from tickets.actions.closing import close, reopen, resolve
from tickets.actions.conversation import note, reply
from tickets.actions.opening import UnknownProperty, file_ticket
from tickets.actions.targets import check_target, delete_target, save_target
from tickets.actions.triage import assign, readdress, set_status, triage
from tickets.actions.uploads import forget_unsent, keep_upload

__all__ = [
    "UnknownProperty",
    "assign",
    "check_target",
    "close",
    "delete_target",
    "file_ticket",
    "forget_unsent",
    "keep_upload",
    "note",
    "readdress",
    "reopen",
    "reply",
    "resolve",
    "save_target",
    "set_status",
    "triage",
]
