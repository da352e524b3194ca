"""HTML letters as text: paragraphs as lines, quotes marked with ">", pictures by their number; *pure*.

What a client quotes in a blockquote is marked in the text, so that one splitter (reply.py) cuts both
kinds of letters; quotes without one (Outlook) are found there by the fields above them.
"""

import re
from html.parser import HTMLParser

_BLOCKS = """
address article aside blockquote center dd div dl dt fieldset figure footer form h1 h2 h3 h4
h5 h6 header li main nav ol p pre section table tbody tfoot thead tr ul
"""
BLOCKS = frozenset(_BLOCKS.split())
_APART = """
p h1 h2 h3 h4 h5 h6 ul ol table blockquote pre
"""
APART = frozenset(_APART.split())
_SILENT = """
head style script title noscript template object svg math select textarea
"""
SILENT = frozenset(_SILENT.split())
_VOID = """
area base basefont br col embed frame hr img input link meta param source track wbr
"""
VOID = frozenset(_VOID.split())
HIDDEN = re.compile(
    r"display\s*:\s*none|mso-hide\s*:\s*all|font-size\s*:\s*0(?:px|pt|\s*;|\s*$)", re.IGNORECASE
)
SPACE = re.compile(r"[ \t\n\r\f\v]+")
BLANKS = re.compile(r"\n{3,}")
LONGEST_DEPTH = 8  # quotes within quotes are marked so deep
MOST_SIGNS = 1_000_000  # of text that is kept
TINY = 3  # pixels: a picture this small only counts who opens the letter


def to_text(html: str) -> str:
    """Give the words of an HTML letter."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.open: list[tuple[str, bool, bool]] = []  # tag, is it silent, is it a quote
        self.silent = self.depth = self.kept = self.pre = 0
        self.href = ""
        self.linked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "br":
            self._end_line()
        elif tag == "hr":
            self._end_line()
            self._say("________________________________")
            self._end_line()
        elif tag == "img":
            self._picture(given)
        elif tag not in VOID:
            self._opened(tag, given)

    def _opened(self, tag: str, given: dict[str, str]) -> None:
        is_silent = tag in SILENT or bool(HIDDEN.search(given.get("style", "")))
        is_quote = tag == "blockquote"
        self.open.append((tag, is_silent, is_quote))
        self.silent += is_silent
        if tag in BLOCKS:
            self._apart(tag)
        if is_quote:
            self._end_line()
            self.depth += 1
        self._begun(tag, given)

    def _begun(self, tag: str, given: dict[str, str]) -> None:
        if tag == "li":
            self._say("- ")
        elif tag in {"td", "th"} and self.line:
            self._say(" ")
        elif tag == "a":
            self.href, self.linked = given.get("href", "").strip(), []
        elif tag == "pre":
            self.pre += 1

    def handle_endtag(self, tag: str) -> None:
        if not any(one[0] == tag for one in self.open[-50:]):
            return
        while self.open:
            name, is_silent, is_quote = self.open.pop()
            self._ended(name)
            self.silent -= is_silent
            if is_quote:
                self._end_line()
                self.depth -= 1
            if name == tag:
                return

    def _ended(self, tag: str) -> None:
        if tag == "a" and self.href:
            self._address()
        elif tag == "pre":
            self.pre -= 1
        if tag in BLOCKS:
            self._apart(tag)

    def _address(self) -> None:
        words, href = "".join(self.linked).strip(), self.href
        self.href = ""
        told = href.removeprefix("mailto:").removeprefix("tel:")
        is_told = told.rstrip("/") in words or re.sub(r"^https?://", "", told).rstrip("/") in words
        if words and not is_told and re.match(r"(?:https?:|mailto:|tel:)", href, re.IGNORECASE):
            self._say(f" <{told[:500]}>")

    def handle_data(self, data: str) -> None:
        if self.silent or self.kept > MOST_SIGNS:
            return
        if self.pre:
            for count, part in enumerate(data.split("\n")):
                if count:
                    self._end_line()
                self._say(part)
            return
        self._say(SPACE.sub(" ", data))

    def _picture(self, given: dict[str, str]) -> None:
        source = given.get("src", "")
        if source.startswith("cid:"):
            self._say(f"[cid:{source[4:].strip()}]")
        elif not _is_tiny(given) and (words := SPACE.sub(" ", given.get("alt", "")).strip()):
            self._say(words)

    def _say(self, text: str) -> None:
        if self.silent or not text:
            return
        self.kept += len(text)
        self.line.append(text)
        if self.href:
            self.linked.append(text)

    def _end_line(self) -> None:
        said = "".join(self.line).replace("\xa0", " ")
        said = said.rstrip() if self.pre else SPACE.sub(" ", said).strip()
        self.line = []
        marks = ">" * min(self.depth, LONGEST_DEPTH)
        self.lines.append(f"{marks} {said}".rstrip() if marks else said)

    def _apart(self, tag: str) -> None:
        if "".join(self.line).strip():
            self._end_line()
        else:
            self.line = []
        if tag in APART and self.lines and self.lines[-1].strip("> "):
            self._end_line()

    def text(self) -> str:
        """Give what was read."""
        if self.line:
            self._end_line()
        return BLANKS.sub("\n\n", "\n".join(self.lines)).strip()


def _is_tiny(given: dict[str, str]) -> bool:
    sizes = [given.get(name, "").removesuffix("px") for name in ("width", "height")]
    return all(size.isdigit() and int(size) <= TINY for size in sizes)
