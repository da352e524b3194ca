"""What is looked at before a letter is parsed: sizes that a bomb exceeds and a letter does not; *pure*.

The figures stand in design/security.md, 2.9. All of it is one pass over the bytes.
"""

import re

MB = 1024 * 1024
LARGEST = 35 * MB
LONGEST_HEADERS = 128 * 1024  # bytes of the whole block
LONGEST_HEADER = 8 * 1024  # bytes of one field, folded lines included
MOST_FIELDS = 300
MOST_PARTS = 200
DEEPEST = 20
FIELD = re.compile(rb"\n(?![ \t])")
BOUNDARY = re.compile(
    rb"boundary\s*=\s*(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE
)
END = re.compile(rb"\r?\n\r?\n")


def exceeded(raw: bytes) -> str:
    """Give the reason why a letter is not parsed, or nothing when it may be."""
    if len(raw) > LARGEST:
        return "too_large"
    end = END.search(raw, 0, LONGEST_HEADERS + 4)
    if end is None and len(raw) > LONGEST_HEADERS:
        return "headers_too_long"
    fields = FIELD.split(raw[: end.start() if end else len(raw)])
    if len(fields) > MOST_FIELDS:
        return "too_many_headers"
    if any(len(field) > LONGEST_HEADER for field in fields):
        return "header_too_long"
    return _too_nested(raw)


def _too_nested(raw: bytes) -> str:
    """Count what opens parts without opening any: every boundary named is a level or a sibling of one."""
    found = [first or second for first, second in BOUNDARY.findall(raw)]
    if len(found) > MOST_PARTS:
        return "too_many_parts"
    named = set(found)
    if len(named) > DEEPEST and _depth(raw, named) > DEEPEST:
        return "too_deep"
    parts = sum(line[2:].rstrip() in named for line in raw.split(b"\n") if line.startswith(b"--"))
    return "too_many_parts" if parts > MOST_PARTS else ""


def _depth(raw: bytes, named: set[bytes]) -> int:
    """Give how many boundaries are open at once at most."""
    open_now: list[bytes] = []
    deepest = 0
    for line in raw.split(b"\n"):
        if not line.startswith(b"--"):
            continue
        mark = line[2:].rstrip()
        if mark in named:
            if mark in open_now:
                del open_now[open_now.index(mark) + 1 :]
            else:
                open_now.append(mark)
                deepest = max(deepest, len(open_now))
        elif mark.endswith(b"--") and mark[:-2] in open_now:
            del open_now[open_now.index(mark[:-2]) :]
    return deepest
