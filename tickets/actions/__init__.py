"""Everything that can be done to a ticket. Call through the module: `actions.reply(...)`."""

from tickets.actions.closing import close, reopen, resolve
from tickets.actions.conversation import note, reply
from tickets.actions.opening import UnknownProperty, file_ticket
from tickets.actions.targets import check_target, delete_target, save_target
from tickets.actions.triage import (
    NotOnDesk,
    UnknownKind,
    assign,
    readdress,
    set_status,
    triage,
)
from tickets.actions.uploads import forget_unsent, keep_upload
from tickets.actions.views import delete_view, rename_view, save_view, share_view

__all__ = [
    "NotOnDesk",
    "UnknownKind",
    "UnknownProperty",
    "assign",
    "check_target",
    "close",
    "delete_target",
    "delete_view",
    "file_ticket",
    "forget_unsent",
    "keep_upload",
    "note",
    "readdress",
    "rename_view",
    "reopen",
    "reply",
    "resolve",
    "save_target",
    "save_view",
    "set_status",
    "share_view",
    "triage",
]
