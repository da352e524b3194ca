"""What a person newly wrote is told from quotes and signatures, and nothing of a letter is lost."""

import pytest

from tests.tickets.channels.replies import CASES, Case
from tickets.channels.email import reply


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.client)
def test_only_what_is_new_is_seen(case: Case) -> None:
    assert reply.split(case.letter).visible == case.visible


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.client)
def test_nothing_is_dropped(case: Case) -> None:
    whole = "\n".join(one.text for one in reply.split(case.letter).fragments)

    assert whole == case.letter.replace("\r\n", "\n")
