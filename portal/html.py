"""The one sanitiser, and the one place where text becomes trusted HTML.

Everything is cleaned when it is saved and again when it is shown, so that a rule that gets
stricter holds for old texts at once (design/security.md, 4.3).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from html import escape, unescape
from html.parser import HTMLParser
from itertools import count
from typing import Any, NamedTuple

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

TAGS = {
    "a", "b", "blockquote", "br", "caption", "code", "del", "div", "em", "figcaption", "figure",
    "h2", "h3", "h4", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "s", "small", "span",
    "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
# Classes that authors may use; each has a rule in components.css.
CLASSES = {
    "div": {"call", "scroll", "note", "warning"},
    "p": {"lead", "note", "warning"},
    "ol": {"steps"},
    "span": {"key"},
}
SCHEMES = {"http", "https", "mailto", "tel"}
REL = "noopener noreferrer nofollow"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
LINK = re.compile(r"https?://[^\s<>\"'«»]{3,500}")
HEADING = re.compile(r"<h([23])>(.*?)</h\1>", re.DOTALL)
# An article has one h1, its title.
LEVELS = {"h1": "h2", "h5": "h4", "h6": "h4"}
CODE = re.compile(r"<pre>")
WIDE = re.compile(r"(<table>.*?</table>)", re.DOTALL)
BREAK = re.compile(r"&lt;br\s*/?&gt;")
BLOCK = re.compile(r"</?(?:p|li|h\d|td|th|tr|div|br|pre|figcaption|blockquote)\b[^>]*>")
NOT_IN_DATA = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
SPACE = re.compile(r"\s+")
_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(
    ["table", "strikethrough"]
)


class Heading(NamedTuple):
    """A heading of an article, for its list of contents."""

    anchor: str
    level: int
    title: str


class _Renderer(RendererHTML):
    def text(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Keep <br>: the one tag that Markdown itself cannot say inside a table."""
        return BREAK.sub("<br>", super().text(tokens, idx, options, env))


_renderer = _Renderer()


def clean(text: str) -> str:
    """Give the HTML without anything that could run, load, disguise itself or break the page."""
    return nh3.clean(
        without_control(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes=SCHEMES,
        link_rel=REL,
        strip_comments=True,
        generic_attribute_prefixes=set(),
    )


# What Word leaves in a paste: comments for old browsers, elements of its own, lists that are none.
# No pattern here may look far ahead from many places, nor read a sign in two ways: an article of a
# megabyte would keep a process busy for hours.
WORD_BLOCKS = (
    (re.compile(r"<!--\[if"), "<![endif]-->"),
    *(
        (re.compile(rf"<{name}\b", re.IGNORECASE), f"</{name}>")
        for name in ("style", "xml", "script")
    ),
)
WORD_ELEMENT = re.compile(
    r"<!\[if[^<>]{0,200}>|<!\[endif\]>|</?(?:o|w|v|m|st1):[^<>]*>|<(?:meta|link)\b[^<>]*>",
    re.IGNORECASE,
)
WORD_ITEM = re.compile(
    r"<p\b[^<>]{0,1000}?MsoListParagraph[^<>]{0,1000}>((?:(?!<p\b|</p>).)*)</p>",
    re.DOTALL | re.IGNORECASE,
)
BULLET = re.compile(
    r"(?:<[^<>]*>|\s|&nbsp;)*(?:(?P<bullet>[·•§o▪–-])|(?P<number>\d{1,3}[.)]))(?:\s|&nbsp;|<[^<>]*>)+"
)
WORD_LOOK = re.compile(
    r"(?<=[\w\"'])\s+(?:class|style|lang|align)=(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s<>]+)|</?span\b[^<>]*>",
    re.IGNORECASE,
)
EMPTY = re.compile(r"<(p|h[1-6]|li|b|i|strong|em|span)\b[^<>]*>(?:\s|&nbsp;|<br\s{0,9}/?>)*</\1>")
IS_WORD = re.compile(r"\bMso[A-Z]|urn:schemas-microsoft-com|<o:p\b|mso-", re.IGNORECASE)


def from_word(text: str) -> str:
    """Give a paste from Word without its own elements, its lists as lists; other HTML as it is."""
    if not IS_WORD.search(text):
        return text
    for opening, closing in WORD_BLOCKS:
        text = _without(text, opening, closing)
    text = WORD_ELEMENT.sub("", text)
    listed = re.sub(r"</(ul|ol)>\s*<\1>", "", WORD_ITEM.sub(_item, text))
    listed = WORD_LOOK.sub("", listed)
    for _nested in range(4):
        listed, found = EMPTY.subn("", listed)
        if not found:
            break
    return listed


def _without(text: str, opening: re.Pattern[str], closing: str) -> str:
    """Take out all between two marks, whatever the case of the second."""
    kept, place, lower = [], 0, text.lower()
    while (found := opening.search(text, place)) and (end := lower.find(closing, found.end())) >= 0:
        kept.append(text[place : found.start()])
        place = end + len(closing)
    return "".join([*kept, text[place:]])


def _item(paragraph: re.Match[str]) -> str:
    mark = BULLET.match(paragraph[1])
    kind = "ol" if mark and mark["number"] else "ul"
    words = paragraph[1][mark.end() :] if mark else paragraph[1]
    return f"<{kind}><li>{words}</li></{kind}>"


def plain(text: str) -> str:
    """Give the words of HTML, with one space between them."""
    return SPACE.sub(" ", unescape(nh3.clean(BLOCK.sub(" ", text), tags=set()))).strip()


def lines(text: str) -> str:
    """Give the words of HTML, each paragraph, heading and cell on a line of its own."""
    broken = BLOCK.sub("\n", SPACE.sub(" ", text))
    words = unescape(nh3.clean(broken, tags=set()))
    return "\n".join(line for line in map(str.strip, words.split("\n")) if line)


def told(text: str) -> str:
    """Give HTML as lines for comparing: words by blocks, pictures by what they show, where links lead."""
    reader = _Told()
    reader.feed(text)
    reader.close()
    return "\n".join(line for line in map(str.strip, "".join(reader.parts).split("\n")) if line)


def pictures(text: str) -> list[tuple[str, str]]:
    """Give the address of each picture and what it shows."""
    reader = _Told()
    reader.feed(clean(text))
    reader.close()
    return reader.pictures


class _Told(HTMLParser):
    """Reads clean HTML as lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.pictures: list[tuple[str, str]] = []
        self._leads: list[str] = []
        self._is_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line with a block; name a picture where it stands."""
        given = dict(attrs)
        self._break(tag, is_opened=True)
        if tag == "img":
            shows = (given.get("alt") or "").strip()
            self.pictures.append((given.get("src") or "", shows))
            self.parts.append(f" [{_('Picture')}: {shows or '—'}] ")
        elif tag == "a":
            self._leads.append(given.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        """End a line with a block; say where a link leads."""
        self._break(tag, is_opened=False)
        if tag == "a" and self._leads:
            address = self._leads.pop()
            self.parts.append(f" ({address}) " if address else "")

    def handle_data(self, data: str) -> None:
        """Keep words; only code keeps its own lines."""
        self.parts.append(data if self._is_code else SPACE.sub(" ", data))

    def _break(self, tag: str, *, is_opened: bool) -> None:
        if BLOCK.match(f"<{tag}>"):
            self.parts.append("\n")
        if tag == "pre":
            self._is_code = is_opened


def from_markdown(text: str, address: Callable[[str], str] = str) -> str:
    """Turn Markdown into clean HTML; raw HTML in it is shown as typed.

    `address` says where a link or picture leads; what leads nowhere ("") loses its link.
    """
    tokens = _markdown.parse(without_control(text))
    for token in tokens:
        token.tag = LEVELS.get(token.tag, token.tag)
        _lead(token.children or [], address)
    return clean(_renderer.render(tokens, _markdown.options, {}))


def _lead(tokens: Sequence[Token], address: Callable[[str], str]) -> None:
    is_dead = False
    for token in tokens:
        if token.type == "link_open":
            href = address(str(token.attrs["href"]))
            token.attrs["href"], is_dead = href, not href
        elif token.type == "image":
            source = address(str(token.attrs["src"]))
            token.attrs["src"] = source
            token.hidden = not source
        # A link without an address would still look like one.
        if is_dead and token.type in {"link_open", "link_close"}:
            is_dead = token.type == "link_open"
            token.tag, token.attrs = "span", {}
        if token.hidden:
            token.type, token.content = "text", ""


def data_block(value: Mapping[str, Any]) -> SafeString:
    """Show figures to machines inside a page: JSON in which nothing can end its element.

    A block of data is not run, so the strict policy for scripts does not concern it.
    """
    written = json.dumps(value, ensure_ascii=False).translate(NOT_IN_DATA)
    return mark_safe(f'<script type="application/ld+json">{written}</script>')  # noqa: S308 (escaped)


def without_control(text: str) -> str:
    """Drop NUL, lone surrogates and other characters that no text has."""
    return CONTROL.sub("", text)


@lru_cache(maxsize=512)
def trusted(text: str) -> SafeString:
    """Clean HTML once more and hand it to a template as it is."""
    return mark_safe(clean(text))  # noqa: S308 (cleaned in this very line)


def outline(text: str) -> tuple[SafeString, tuple[Heading, ...]]:
    """Give clean HTML whose headings have addresses and whose tables scroll, and its headings."""
    return _outline(text, get_language())


@lru_cache(maxsize=512)
def _outline(text: str, _language: str | None) -> tuple[SafeString, tuple[Heading, ...]]:
    headings: list[Heading] = []
    taken: dict[str, int] = {}

    def anchored(match: re.Match[str]) -> str:
        title = plain(match[2])
        anchor = _anchor(title, taken)
        headings.append(Heading(anchor, int(match[1]), title))
        return f'<h{match[1]} id="{anchor}">{match[2]}</h{match[1]}>'

    body = HEADING.sub(anchored, clean(text))
    table, code, tables, codes = _("Table"), _("Code"), count(1), count(1)
    body = WIDE.sub(
        lambda match: f'<div class="scroll" {_region(table, tables)}>{match[1]}</div>', body
    )
    body = body.replace("<table>", '<table class="data">')
    body = VIDEO.sub(_video, PICTURE.sub(_picture, body))
    body = CODE.sub(lambda _match: f"<pre {_region(code, codes)}>", body)
    # Only addresses and regions of our own making were added to what clean() gave.
    return mark_safe(body), tuple(headings)  # noqa: S308


# A picture of ours, by its address; and a link to a film that stands alone in its paragraph.
PICTURE = re.compile(r'<img ([^>]*?)src="(/kb/pictures/[0-9a-f-]{36}/)(\d{2,5})\.webp"([^>]*)>')
VIDEO = re.compile(
    r'<p><a href="(https://(?:www\.)?(?:youtube\.com/watch|youtu\.be/|rutube\.ru/video/|vk\.com/video|'
    r'vkvideo\.ru/video|vimeo\.com/)[^"]{1,200})"[^>]*>(.{1,300}?)</a></p>'
)
WIDTHS = (480, 960, 1600)


def _picture(found: re.Match[str]) -> str:
    """Offer a picture in the widths there are, and open it large."""
    before, address, widest, after = found.groups()
    shown = [width for width in WIDTHS if width < int(widest)] + [int(widest)]
    sources = ", ".join(f"{address}{width}.webp {width}w" for width in shown)
    image = (
        f'<img {before}src="{address}{widest}.webp"{after} srcset="{sources}"'
        ' sizes="(max-width: 760px) 100vw, 720px" loading="lazy" decoding="async">'
    )
    return f'<a class="picture" href="{address}{widest}.webp">{image}</a>'


def _video(found: re.Match[str]) -> str:
    """Show a link to a film as what it is; no player of somebody else's is ever loaded."""
    return f'<p class="video"><a href="{found[1]}" rel="{REL}" target="_blank">{found[2]}</a></p>'


def _region(name: str, numbers: "count[int]") -> str:
    """Make a part that scrolls reachable by keyboard, under a name of its own."""
    return f'tabindex="0" role="region" aria-label="{escape(name)} {next(numbers)}"'


def _anchor(title: str, taken: dict[str, int]) -> str:
    """Make the address of a heading; letters of any script are fine in a fragment."""
    wanted = "h-" + (slugify(title, allow_unicode=True)[:60] or "section")
    anchor, number = wanted, taken.get(wanted, 1)
    while anchor in taken:
        number += 1
        anchor = f"{wanted}-{number}"
    # How far this name was counted: a thousand headings of one name are counted once each.
    taken[wanted] = number
    taken.setdefault(anchor, 1)
    return anchor


@lru_cache(maxsize=2048)
def typed(text: str) -> SafeString:
    """Show what somebody typed: paragraphs, line breaks and links, everything else as it stands."""
    blocks = re.split(r"\n\s*\n", without_control(text).replace("\r\n", "\n").strip())
    shown = (f"<p>{_linked(block).replace(chr(10), '<br>')}</p>" for block in blocks if block)
    return mark_safe("".join(shown))  # noqa: S308 (escaped piece by piece in _linked)


def _linked(text: str) -> str:
    parts, end = [], 0
    for match in LINK.finditer(text):
        address = match[0].rstrip(".,;:!?)")
        parts.append(escape(text[end : match.start()]))
        parts.append(f'<a href="{escape(address)}" rel="{REL}">{escape(address)}</a>')
        end = match.start() + len(address)
    return "".join([*parts, escape(text[end:])])


def marked(text: str, opening: str, closing: str) -> SafeString:
    """Escape text and turn the two signs around found words into <mark>."""
    escaped = escape(text).replace(opening, "<mark>").replace(closing, "</mark>")
    return mark_safe(escaped)  # noqa: S308 (escaped, then only our own tag put in)
