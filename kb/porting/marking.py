"""PURE: clean HTML as Markdown where Markdown can say it, as HTML within Markdown where it cannot.

Each block is written as Markdown, read back by the parser of the import, and kept so only if it is
the same for a reader (kb/porting/markup.py); otherwise it stays HTML. So nothing can be lost.
"""

import re
from collections.abc import Callable

from kb.porting.markup import Node, normalised, settled, written

Render = Callable[[str], str]
SIGNS = re.compile(r"([\\`*_\[\]<>~|])")
AT_START = re.compile(r"^(#{1,6}(?= |$)|[-+=](?= |$|-|=)|\d{1,9}(?=[.)]))")
WRAPPED = {"strong": "**", "em": "*", "s": "~~", "del": "~~"}
LEVELS = {"h2": "## ", "h3": "### ", "h4": "#### "}
START = re.compile(r"[0-9]{1,9}")
LISTS = frozenset({"ul", "ol"})
# Stands between two lists, which Markdown would take for one.
BETWEEN = "<!-- -->"


class NoMarkdown(Exception):
    """Markdown has no way to say this."""


def as_markdown(text: str, render: Render) -> str:
    """Write clean HTML as Markdown that `render` turns into the same again.

    Empty when no way of writing it holds: then only the HTML itself does.
    """
    parts: list[str] = []
    last = ""
    for node in _blocks(settled(text)):
        block = _written(node, render)
        if node.tag in LISTS and last in LISTS:
            parts.append(BETWEEN)
        parts.append(block)
        last = node.tag
    whole = "\n\n".join(parts) + "\n"
    if normalised(render(whole)) == normalised(text):
        return whole
    as_html = "\n\n".join(_as_html(node) for node in _blocks(settled(text))) + "\n"
    return as_html if normalised(render(as_html)) == normalised(text) else ""


def _blocks(root: Node) -> list[Node]:
    """Give what stands at the top; words beside blocks have no way to say so in Markdown."""
    found: list[Node] = []
    for child in root.children:
        if isinstance(child, Node) and child.is_block:
            found.append(child)
        elif found and found[-1].tag == "":
            found[-1].children.append(child)
        else:
            found.append(Node("", {}, [child]))
    return found


def _written(node: Node, render: Render) -> str:
    try:
        said = _block(node)
        if normalised(render(said)) == normalised(written(node)):
            return said
    except NoMarkdown:
        pass
    return _as_html(node)


def _as_html(node: Node) -> str:
    """Write HTML in one line: an empty line would end it."""
    if node.tag:
        return written(node).replace("\r", "&#13;").replace("\n", "&#10;")
    # Words without a paragraph around them: what begins a line of HTML keeps them so.
    return "<!-- -->" + written(node).replace("\r", "&#13;").replace("\n", "&#10;")


def _block(node: Node) -> str:
    writer = WRITERS.get(node.tag)
    if writer is None:
        raise NoMarkdown
    return writer(node)


def _plain(node: Node, *known: str) -> None:
    """Refuse attributes that Markdown has no place for. Raises NoMarkdown."""
    if set(node.attributes) - set(known):
        raise NoMarkdown


def _heading(node: Node) -> str:
    _plain(node)
    return LEVELS[node.tag] + _inline(node)


def _paragraph(node: Node) -> str:
    _plain(node)
    words = AT_START.sub(_escaped_start, _inline(node))
    if not words:
        raise NoMarkdown
    return words


def _escaped_start(found: re.Match[str]) -> str:
    start = found[1]
    return f"{start}\\" if start[0].isdigit() else f"\\{start}"


def _quote(node: Node) -> str:
    _plain(node)
    inner = "\n\n".join(_block(child) for child in _only_blocks(node))
    return "\n".join(f"> {line}".rstrip() for line in inner.split("\n"))


def _only_blocks(node: Node) -> list[Node]:
    if any(isinstance(child, str) or not child.is_block for child in node.children):
        raise NoMarkdown
    return node.elements


def _rule(node: Node) -> str:
    _plain(node)
    return "---"


def _code(node: Node) -> str:
    _plain(node)
    if len(node.children) != 1 or not isinstance(node.children[0], Node):
        raise NoMarkdown
    code = node.children[0]
    text = "".join(child for child in code.children if isinstance(child, str))
    if code.tag != "code" or code.attributes or code.elements or not text.endswith("\n"):
        raise NoMarkdown
    runs = [len(run) for run in re.findall("`+", text)]
    fence = "`" * max(3, max(runs, default=0) + 1)
    return f"{fence}\n{text}{fence}"


def _list(node: Node) -> str:
    _plain(node, "start")
    items = node.elements
    if not items or any(one.tag != "li" or one.attributes for one in items):
        raise NoMarkdown
    start = node.attributes.get("start", "1")
    if not START.fullmatch(start):
        raise NoMarkdown
    loose = [_is_loose(one) for one in items]
    if any(loose) != all(loose):
        raise NoMarkdown
    said = []
    for number, item in enumerate(items, int(start)):
        mark = f"{number}. " if node.tag == "ol" else "- "
        said.append(mark + _item(item).replace("\n", "\n" + " " * len(mark)))
    lines = ("\n\n" if any(loose) else "\n").join(said)
    return re.sub(r"^ +$", "", lines, flags=re.MULTILINE)


def _is_loose(item: Node) -> bool:
    return any(child.tag == "p" for child in item.elements)


def _item(item: Node) -> str:
    """Write an item: blocks, or words with lists after them."""
    if _is_loose(item):
        return "\n\n".join(_block(child) for child in _only_blocks(item))
    words = Node("p", {}, [])
    rest: list[Node] = []
    for child in item.children:
        if isinstance(child, Node) and child.is_block:
            rest.append(child)
        elif rest:
            raise NoMarkdown
        else:
            words.children.append(child)
    if any(child.tag not in LISTS for child in rest) or not words.children or len(rest) > 1:
        raise NoMarkdown
    return "\n".join([_paragraph(words), *(_block(child) for child in rest)])


def _table(node: Node) -> str:
    _plain(node)
    parts = node.elements
    if [part.tag for part in parts] != ["thead", "tbody"] or len(parts[0].elements) != 1:
        raise NoMarkdown
    rows = [*parts[0].elements, *parts[1].elements]
    cells = [[_cell(cell) for cell in row.elements] for row in rows]
    if not cells[0] or any(len(row) != len(cells[0]) for row in cells) or len(rows) == 1:
        raise NoMarkdown
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(cells[0]), *lines[1:]])


def _cell(cell: Node) -> str:
    _plain(cell)
    if any(child.is_block for child in cell.elements):
        raise NoMarkdown
    return _inline(cell).replace("\\\n", "<br>")


WRITERS: dict[str, Callable[[Node], str]] = {
    **dict.fromkeys(LEVELS, _heading),
    **dict.fromkeys(LISTS, _list),
    "p": _paragraph,
    "blockquote": _quote,
    "hr": _rule,
    "pre": _code,
    "table": _table,
}


def _inline(node: Node) -> str:
    """Write words and what stands in them."""
    return "".join(_word(child) for child in node.children)


def _word(child: Node | str) -> str:
    if isinstance(child, str):
        return _escaped(child)
    if child.is_block:
        raise NoMarkdown
    if child.tag in SAID:
        return SAID[child.tag](child)
    mark, inner = WRAPPED.get(child.tag), _inline(child)
    if mark and not child.attributes and inner and inner.strip() == inner:
        return f"{mark}{inner}{mark}"
    shell = written(Node(child.tag, child.attributes)).removesuffix(f"</{child.tag}>")
    return f"{shell}{inner}</{child.tag}>"


def _escaped(text: str) -> str:
    # An address typed as words stays words: < and > are escaped, and no link is made of words alone.
    return SIGNS.sub(r"\\\1", text.replace("&", "&amp;").replace("\u00a0", "&nbsp;"))


def _span(node: Node) -> str:
    if node.elements or node.attributes:
        raise NoMarkdown
    text = "".join(child for child in node.children if isinstance(child, str))
    runs = [len(run) for run in re.findall("`+", text)]
    fence = "`" * (max(runs, default=0) + 1)
    space = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{space}{text}{space}{fence}"


def _link(node: Node) -> str:
    if set(node.attributes) - {"href", "title", "rel"} or "href" not in node.attributes:
        raise NoMarkdown
    return f"[{_inline(node)}]({_address(node.attributes['href'])}{_title(node)})"


def _image(node: Node) -> str:
    if set(node.attributes) - {"src", "alt", "title"} or "src" not in node.attributes:
        return written(node)
    alt = _escaped(node.attributes.get("alt", ""))
    return f"![{alt}]({_address(node.attributes['src'])}{_title(node)})"


def _title(node: Node) -> str:
    title = node.attributes.get("title")
    if title is None:
        return ""
    return ' "' + title.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") + '"'


def _address(address: str) -> str:
    return (
        "<" + address.replace("\\", "\\\\").replace("&", "&amp;").replace(">", "%3E") + ">"
        if (not address or re.search(r"[\s()<>\\&]", address))
        else address
    )


SAID: dict[str, Callable[[Node], str]] = {
    "br": lambda _node: "\\\n",
    "img": _image,
    "a": _link,
    "code": _span,
}
