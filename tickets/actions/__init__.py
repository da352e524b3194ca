"""Everything that can be done to a ticket. Call through the module: `actions.reply(...)`."""

from tickets.actions import rating
from tickets.actions.closing import close, reopen, resolve
from tickets.actions.conversation import note, reply
from tickets.actions.opening import UnknownProperty, UnknownTicket, file_ticket
from tickets.actions.participation import join
from tickets.actions.policies import save_policy
from tickets.actions.promise import move_promise
from tickets.actions.rating import rate
from tickets.actions.targets import check_target, delete_target, save_target
from tickets.actions.triage import assign, readdress, set_status, triage
from tickets.actions.uploads import forget_unsent, keep_upload
from tickets.actions.waiting import agree_date, close_by_silence, come_back, remind

__all__ = [
    "UnknownProperty",
    "UnknownTicket",
    "agree_date",
    "assign",
    "check_target",
    "close",
    "close_by_silence",
    "come_back",
    "delete_target",
    "file_ticket",
    "forget_unsent",
    "join",
    "keep_upload",
    "move_promise",
    "note",
    "rate",
    "rating",
    "readdress",
    "remind",
    "reopen",
    "reply",
    "resolve",
    "save_policy",
    "save_target",
    "set_status",
    "triage",
]
