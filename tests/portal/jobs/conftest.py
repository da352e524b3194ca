"""What tests of jobs share."""

from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from django.http import HttpResponse


@pytest.fixture
def soup_of() -> Callable[[HttpResponse], BeautifulSoup]:
    """Read a page that was answered."""

    def read(answer: HttpResponse) -> BeautifulSoup:
        assert answer.status_code == 200
        return BeautifulSoup(answer.content, "html.parser")

    return read
