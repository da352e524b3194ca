"""What can be done to articles: write, review, publish, put away, vote, read."""

from kb.actions.access import can_publish, can_write
from kb.actions.pictures import add_picture, describe_picture
from kb.actions.reading import LONGEST_COMMENT, REASON_WORDS, REASONS, count_read, vote
from kb.actions.shelves import check_place, confirm, flag, keep, keep_section, next_review, relate
from kb.actions.teaching import forget_taught, keep_stop_word, keep_synonyms, synonyms_of
from kb.actions.words import (
    check_words,
    forget_unsaved,
    hold,
    keep_unsaved,
    let_go,
    restore_revision,
    save,
)
from kb.actions.workflow import (
    approve,
    archive,
    publish,
    publish_due,
    publish_imported,
    restore,
    schedule,
    send_back,
    submit,
    unpublish,
    unschedule,
)

__all__ = [
    "LONGEST_COMMENT",
    "REASONS",
    "REASON_WORDS",
    "add_picture",
    "approve",
    "archive",
    "can_publish",
    "can_write",
    "check_place",
    "check_words",
    "confirm",
    "count_read",
    "describe_picture",
    "flag",
    "forget_taught",
    "forget_unsaved",
    "hold",
    "keep",
    "keep_section",
    "keep_stop_word",
    "keep_synonyms",
    "keep_unsaved",
    "let_go",
    "next_review",
    "publish",
    "publish_due",
    "publish_imported",
    "relate",
    "restore",
    "restore_revision",
    "save",
    "schedule",
    "send_back",
    "submit",
    "synonyms_of",
    "unpublish",
    "unschedule",
    "vote",
]
