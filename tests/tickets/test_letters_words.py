"""Every code that says why a letter is where it is has words in both languages."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from tickets import mail_words
from tickets.channels.email import sorting, store, unidentified
from tickets.models import LetterEvent

MAIL = Path(settings.BASE_DIR) / "tickets" / "channels" / "email"
CODE = re.compile(r"[a-z]+(?:_[a-z]+)*")
# Texts of these modules that look like codes and are none.
NO_REASONS = {"from", "date", "dmarc", "pass", "header", "d", "h", "l", "x", "r", "s", "p", "adkim"}
GIVEN_BY = {
    "authenticity": ("_sender", "_by_server", "_by_signature", "_unsound", "_policy", "_replayed", "judge"),
    "caps": ("exceeded", "_too_nested"),
    "intake": ("_disbelieved", "_unfit", "_flooding"),
}  # fmt: skip


def texts(node: ast.AST) -> set[str]:
    """Give the texts that an expression may come out as."""
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.JoinedStr):  # the one that is put together
        return {"dmarc_fail", "dmarc_none"}
    inner: list[ast.AST] = []
    if isinstance(node, ast.IfExp):
        inner = [node.body, node.orelse]
    elif isinstance(node, ast.BoolOp):
        inner = [*node.values]
    elif isinstance(node, ast.Tuple):
        inner = [*node.elts]
    elif isinstance(node, ast.Call):
        inner = [*node.args, *(one.value for one in node.keywords)]
    return set().union(*map(texts, inner))


def returned(module: str, names: tuple[str, ...]) -> set[str]:
    """Give the codes that some functions return, or set as the reason."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((MAIL / f"{module}.py").read_text())):
        if not isinstance(node, ast.FunctionDef) or node.name not in names:
            continue
        for inner in ast.walk(node):
            is_set = isinstance(inner, ast.Assign) and "reason" in ast.unparse(inner.targets[0])
            if (isinstance(inner, ast.Return) or is_set) and inner.value is not None:
                found |= texts(inner.value)
    return found


def ended() -> set[str]:
    """Give the codes with which letters end in intake."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((MAIL / "intake.py").read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "_end" and len(node.args) > 2:
            found |= texts(node.args[2])
    return found


def told_by_the_worker() -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((MAIL / "worker.py").read_text())):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "reason":
                    found |= texts(value)
    return found


CODES = sorted(
    code
    for code in {
        *set().union(*(returned(module, names) for module, names in GIVEN_BY.items())),
        *ended(),
        *told_by_the_worker(),
        *store.ONLY_HEAD,
        *(one.value for one in sorting.Sort),
        *unidentified.DISCARDS,
        *(unidentified.BY_CODE, unidentified.BY_CALL),
    }
    if CODE.fullmatch(code) and code not in NO_REASONS
)


def test_the_lists_are_found_at_all() -> None:
    assert {"unsigned", "dmarc_none", "too_deep", "flood", "took_too_long", "unreadable"} <= {
        *CODES
    }
    assert len(CODES) > 45


@pytest.mark.parametrize("code", CODES)
def test_every_reason_has_words_of_its_own(code: str) -> None:
    assert mail_words.has_words(code), f"templates/tickets/mail/reasons/{code}.html is missing"
    for language in ("ru", "en"):
        with translation.override(language):
            assert 3 < len(mail_words.reason(code)) <= 32
            assert mail_words.explanation(code).endswith(".")


def test_words_without_a_code_are_not_kept() -> None:
    folder = Path(settings.BASE_DIR) / "templates" / "tickets" / "mail" / "reasons"
    assert {path.stem for path in folder.glob("*.html")} == {*CODES, "refused"}


def test_a_refusal_of_filing_is_said_in_general_words() -> None:
    assert mail_words.reason("category_outside_role") == mail_words.reason("refused")
    assert mail_words.reason("../../secrets") == ""


@pytest.mark.parametrize(
    "code", ["code_sent", "became", "proven", "discarded", "put_back", "read_again"]
)
def test_everything_that_is_done_to_a_letter_has_words(code: str) -> None:
    folder = Path(settings.BASE_DIR) / "templates"
    assert (folder / LetterEvent(code=code).template).exists()
    source = (MAIL / "unidentified.py").read_text()
    assert f'"{code}"' in source
