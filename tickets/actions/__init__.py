"""Everything that can be done to a ticket. Call through the module: `actions.reply(...)`."""

from tickets.actions.closing import close, reopen, resolve
from tickets.actions.conversation import note, reply
from tickets.actions.development import (
    assign_owner,
    describe,
    hand_over,
    join,
    move_eta,
    release,
    take,
    withdraw,
)
from tickets.actions.duty import acknowledge, delete_shift, escalate_alerts, save_shift
from tickets.actions.opening import UnknownProperty, file_ticket
from tickets.actions.targets import check_target, delete_target, save_target
from tickets.actions.triage import assign, readdress, set_status, triage
from tickets.actions.uploads import forget_unsent, keep_upload

__all__ = [
    "UnknownProperty",
    "acknowledge",
    "assign",
    "assign_owner",
    "check_target",
    "close",
    "delete_shift",
    "delete_target",
    "describe",
    "escalate_alerts",
    "file_ticket",
    "forget_unsent",
    "hand_over",
    "join",
    "keep_upload",
    "move_eta",
    "note",
    "readdress",
    "release",
    "reopen",
    "reply",
    "resolve",
    "save_shift",
    "save_target",
    "set_status",
    "take",
    "triage",
    "withdraw",
]
