"""Everything that can be done to a ticket. Call through the module: `actions.reply(...)`."""

from tickets.actions.closing import close, reopen, resolve
from tickets.actions.conversation import note, reply
from tickets.actions.drafting import drop_draft, save_draft, show_presence, take_over_draft
from tickets.actions.linking import follow_up, link, split, splittable, unlink
from tickets.actions.macro import apply_macro, check_macro, save_macro
from tickets.actions.merging import merge, undo_merge
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
from tickets.actions.watching import unwatch, watch

__all__ = [
    "NotOnDesk",
    "UnknownKind",
    "UnknownProperty",
    "apply_macro",
    "assign",
    "check_macro",
    "check_target",
    "close",
    "delete_target",
    "delete_view",
    "drop_draft",
    "file_ticket",
    "follow_up",
    "forget_unsent",
    "keep_upload",
    "link",
    "merge",
    "note",
    "readdress",
    "rename_view",
    "reopen",
    "reply",
    "resolve",
    "save_draft",
    "save_macro",
    "save_target",
    "save_view",
    "set_status",
    "share_view",
    "show_presence",
    "split",
    "splittable",
    "take_over_draft",
    "triage",
    "undo_merge",
    "unlink",
    "unwatch",
    "watch",
]
