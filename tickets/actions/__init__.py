"""Everything that can be done to a ticket. Call through the module: `actions.reply(...)`."""

from tickets.actions import rating
from tickets.actions.closing import close, reopen, resolve
from tickets.actions.conversation import note, reply
from tickets.actions.development import (
    assign_owner,
    describe,
    hand_over,
    join_development,
    move_eta,
    release,
    take,
    withdraw,
)
from tickets.actions.drafting import (
    drop_draft,
    forget_presence,
    save_draft,
    show_presence,
    take_over_draft,
)
from tickets.actions.duty import acknowledge, delete_shift, escalate_alerts, save_shift
from tickets.actions.linking import follow_up, link, split, splittable, unlink
from tickets.actions.macro import apply_macro, check_macro, save_macro
from tickets.actions.merging import merge, undo_merge
from tickets.actions.opening import UnknownProperty, UnknownTicket, file_ticket
from tickets.actions.participation import join
from tickets.actions.policies import save_policy
from tickets.actions.promise import move_promise
from tickets.actions.rating import rate
from tickets.actions.targets import check_target, delete_target, save_target
from tickets.actions.triage import (
    NotOnDesk,
    UnknownKind,
    assign,
    readdress,
    set_status,
    triage,
)
from tickets.actions.tying import NotSolvedYet, UnknownSection, write_article
from tickets.actions.uploads import forget_unsent, keep_upload
from tickets.actions.views import delete_view, rename_view, save_view, share_view
from tickets.actions.waiting import agree_date, close_by_silence, come_back, remind
from tickets.actions.watching import unwatch, watch

__all__ = [
    "NotOnDesk",
    "NotSolvedYet",
    "UnknownKind",
    "UnknownProperty",
    "UnknownSection",
    "UnknownTicket",
    "acknowledge",
    "agree_date",
    "apply_macro",
    "assign",
    "assign_owner",
    "check_macro",
    "check_target",
    "close",
    "close_by_silence",
    "come_back",
    "delete_shift",
    "delete_target",
    "delete_view",
    "describe",
    "drop_draft",
    "escalate_alerts",
    "file_ticket",
    "follow_up",
    "forget_presence",
    "forget_unsent",
    "hand_over",
    "join",
    "join_development",
    "keep_upload",
    "link",
    "merge",
    "move_eta",
    "move_promise",
    "note",
    "rate",
    "rating",
    "readdress",
    "release",
    "remind",
    "rename_view",
    "reopen",
    "reply",
    "resolve",
    "save_draft",
    "save_macro",
    "save_policy",
    "save_shift",
    "save_target",
    "save_view",
    "set_status",
    "share_view",
    "show_presence",
    "split",
    "splittable",
    "take",
    "take_over_draft",
    "triage",
    "undo_merge",
    "unlink",
    "unwatch",
    "watch",
    "withdraw",
    "write_article",
]
