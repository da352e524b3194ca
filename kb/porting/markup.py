"""PURE: clean HTML as a tree, and what makes two texts the same for a reader.

Two bodies are the same when their trees are: tags, attributes (in any order, without `rel`, which
the sanitiser sets) and words are equal, where white space counts as browsers count it. A run of it
is one space, none stands at the beginning or the end of a block, beside a line break or between
blocks; inside <pre> every sign counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img"})
BLOCKS = frozenset({
    "blockquote", "caption", "div", "figcaption", "figure", "h2", "h3", "h4", "hr", "li", "ol", "p",
    "pre", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
SPACE = re.compile(r"[ \t\n\r\f]+")  # no other space is one to a browser


@dataclass
class Node:
    """An element; the root has no tag."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        """Whether it stands on lines of its own."""
        return self.tag in BLOCKS

    @property
    def elements(self) -> list["Node"]:
        """Give the elements within, without words."""
        return [child for child in self.children if isinstance(child, Node)]


class _Builder(HTMLParser):
    """Reads clean HTML, in which every element is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and whatever is still open in it."""
        if any(node.tag == tag for node in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Add words, to those before them where there are some."""
        children = self.open[-1].children
        if children and isinstance(children[-1], str):
            children[-1] += data
        else:
            children.append(data)


def tree(text: str) -> Node:
    """Read clean HTML."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    return builder.root


def normalised(text: str) -> str:
    """Give clean HTML in the one form that it shares with all that is the same."""
    root = tree(text)
    _settle(root)
    return written(root)


def settled(text: str) -> Node:
    """Read clean HTML without the white space that means nothing."""
    root = tree(text)
    _settle(root)
    return root


def is_same(one: str, other: str) -> bool:
    """Whether two clean texts are the same for a reader."""
    return one == other or normalised(one) == normalised(other)


def _settle(node: Node) -> None:
    """Take out the white space that no browser shows."""
    if node.tag == "pre":
        return
    kept: list[Node | str] = []
    for child in node.children:
        if isinstance(child, Node):
            _settle(child)
            kept.append(child)
        else:
            kept.append(SPACE.sub(" ", child))
    node.children = list(_trimmed(kept, is_root=node.is_block or not node.tag))


def _trimmed(children: list[Node | str], *, is_root: bool) -> Iterator[Node | str]:
    for place, child in enumerate(children):
        if isinstance(child, Node):
            yield child
            continue
        before = children[place - 1] if place else None
        after = children[place + 1] if place + 1 < len(children) else None
        words = child.lstrip(" ") if _is_edge(before, is_root=is_root) else child
        words = words.rstrip(" ") if _is_edge(after, is_root=is_root) else words
        if words:
            yield words


def _is_edge(neighbour: Node | str | None, *, is_root: bool) -> bool:
    """Whether white space beside this is not shown."""
    if neighbour is None:
        return is_root
    return isinstance(neighbour, Node) and (neighbour.is_block or neighbour.tag == "br")


def written(node: Node) -> str:
    """Write a tree; attributes stand in their order, `rel` is left to the sanitiser."""
    inner = "".join(
        written(child) if isinstance(child, Node) else escape(child, quote=False)
        for child in node.children
    )
    if not node.tag:
        return inner
    named = sorted(node.attributes.items())
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in named if name != "rel")
    if node.tag in VOID:
        return f"<{node.tag}{attributes}>"
    # The first line break in <pre> is not part of it.
    opening = "\n" if node.tag == "pre" and inner.startswith("\n") else ""
    return f"<{node.tag}{attributes}>{opening}{inner}</{node.tag}>"
