"""Every rule of docs/sla.md has a test that names it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
DOCUMENT = TESTS.parent / "docs" / "sla.md"
ALL = range(1, 18)
IN_NAME = re.compile(r"rule_(\d+)")
# "Rule 6", "Rules 1 and 12", "Rules 3 to 5, 7".
IN_WORDS = re.compile(r"\brules? (\d+(?:(?:, | and | to )\d+)*)", re.IGNORECASE)


def _named(function: ast.FunctionDef) -> set[int]:
    found = {int(number) for number in IN_NAME.findall(function.name)}
    for words in IN_WORDS.findall(ast.get_docstring(function) or ""):
        found |= set(_numbers(words))
    return found


def _numbers(words: str) -> Iterator[int]:
    for part in re.split(r", | and ", words):
        first, _to, last = part.partition(" to ")
        yield from range(int(first), int(last or first) + 1)


def _tests() -> Iterator[tuple[str, set[int]]]:
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{path.name}::{node.name}", _named(node)


@pytest.fixture(scope="module")
def by_rule() -> dict[int, list[str]]:
    """The tests that name each rule."""
    found: dict[int, list[str]] = {rule: [] for rule in ALL}
    for name, rules in _tests():
        for rule in rules & set(ALL):
            found[rule].append(name)
    return found


@pytest.mark.parametrize("rule", ALL)
def test_a_rule_has_a_test_that_names_it(by_rule: dict[int, list[str]], rule: int) -> None:
    assert by_rule[rule], f"no test says that it shows rule {rule} of docs/sla.md"


def test_the_document_holds_every_rule_once_and_in_order() -> None:
    told = re.findall(r"^(\d+)\. ", DOCUMENT.read_text(), re.MULTILINE)
    assert [int(number) for number in told] == list(ALL)


@pytest.mark.parametrize(
    ("name", "words", "rules"),
    [
        ("test_rule_6_lowered", "", {6}),
        ("test_it", "Rules 1 and 12: both.", {1, 12}),
        ("test_it", "What rules 3 to 5, 7 say.", {3, 4, 5, 7}),
        ("test_it", "It rules out 15 things.", set()),
    ],
)
def test_rules_are_read_from_names_and_words(name: str, words: str, rules: set[int]) -> None:
    function = ast.parse(f'def {name}():\n    """{words or "…"}"""').body[0]
    assert isinstance(function, ast.FunctionDef)
    assert _named(function) == rules
