"""How long an article takes to read."""

from functools import lru_cache

from portal import html

WORDS_A_MINUTE = 180  # of instructions in Russian, read with care


@lru_cache(maxsize=512)
def minutes_of(body: str) -> int:
    """Give the minutes an article takes to read, at least one."""
    return max(1, round(len(html.plain(body).split()) / WORDS_A_MINUTE))
