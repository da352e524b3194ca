"""Codes of letters in words: why one is not in a ticket, and what was done to it."""

import re
from functools import lru_cache

from django.template import TemplateDoesNotExist
from django.template.loader import get_template, select_template
from django.utils.translation import get_language

CODE = re.compile(r"[a-z][a-z_]{0,39}")
FOLDER = "tickets/mail/reasons"
# A refusal of filing or answering that has no words of its own here.
REFUSED = f"{FOLDER}/refused.html"


def is_code(text: str) -> bool:
    """Whether this may be the code of a reason."""
    return bool(CODE.fullmatch(text))


def reason(code: str) -> str:
    """Say a reason in two or three words."""
    return _said(code, True, get_language()) if is_code(code) else ""  # noqa: FBT003


def explanation(code: str) -> str:
    """Say a reason in a sentence: what was looked at, and what that means."""
    return _said(code, False, get_language()) if is_code(code) else ""  # noqa: FBT003


@lru_cache(maxsize=512)
def _said(code: str, is_short: bool, _language: str | None) -> str:  # noqa: FBT001
    template = select_template([f"{FOLDER}/{code}.html", REFUSED])
    return str(template.render({"short": is_short, "code": code})).strip()


def has_words(code: str) -> bool:
    """Whether a code has a template of its own."""
    try:
        get_template(f"{FOLDER}/{code}.html")
    except TemplateDoesNotExist:
        return False
    return True
