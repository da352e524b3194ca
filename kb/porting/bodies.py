"""The words of an article on their way in: cleaned as all HTML is, links led anew, pictures placed."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from html import escape, unescape

from portal import html

Attributes = dict[str, str]
# What the sanitiser writes: names in small letters, values between double quotes.
TAG = re.compile(r'<(a|img)((?: [\w-]+="[^"]*")*)>|</a>')
ATTRIBUTE = re.compile(r' ([\w-]+)="([^"]*)"')
LEVELS = tuple(
    (re.compile(rf"<(/?){old}\b", re.IGNORECASE), rf"<\1{new}") for old, new in html.LEVELS.items()
)
Link = Callable[[str], str]
Image = Callable[[Attributes], Mapping[str, str]]


def rendered(body: str, markup: str) -> str:
    """Turn the body of a source into clean HTML."""
    if markup == "markdown":
        return html.from_markdown(body, has_html=True)
    if markup == "plain":
        return html.from_markdown(body)
    # An article has one h1, its title.
    for old, new in LEVELS:
        body = old.sub(new, body)
    return html.clean(html.from_word(body))


def led(body: str, link: Link, image: Image) -> str:
    """Lead the links of clean HTML anew and place its pictures.

    A link that leads nowhere ("") leaves its words; a picture without an address is taken out.
    """
    if "<a " not in body and "<img" not in body and "<a>" not in body:
        return body
    state = {"dead": False}
    return TAG.sub(partial(_tag, state, link, image), body)


def _tag(state: dict[str, bool], link: Link, image: Image, found: re.Match[str]) -> str:
    if found[1] is None:
        is_dead, state["dead"] = state["dead"], False
        return "" if is_dead else "</a>"
    attributes = {name: unescape(value) for name, value in ATTRIBUTE.findall(found[2])}
    if found[1] == "img":
        placed = dict(image(attributes))
        return _written("img", placed) if placed.get("src") else ""
    if "href" in attributes:
        attributes["href"] = link(attributes["href"])
    state["dead"] = not attributes.get("href")
    return "" if state["dead"] else _written("a", attributes)


def _written(tag: str, attributes: Mapping[str, str]) -> str:
    values = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<{tag}{values}>"
