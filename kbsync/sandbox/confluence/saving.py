"""What Confluence does to a storage body between the request that saves it and the next read.

Sources: md2conf's list of volatile elements (github.com/hunyadi/md2conf), "Confluence Storage Format"
(`b` and `i` "get converted to strong and em upon saving"), and issue reports named at each rule. Data
Center's legacy editor keeps bodies closer to what was sent (github.com/zeldigas/text2confl, change
detection), so there only the rules marked for it apply. Saving what was saved changes nothing more.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kbsync.sandbox.confluence.markup import Element, ac, parse, ri, serialise

_RENAMED: Final = {"b": "strong", "i": "em"}
_BLOCKS: Final = frozenset(
    "p h1 h2 h3 h4 h5 h6 ul ol li table thead tbody tfoot tr th td blockquote pre div hr colgroup col section".split()
)
_CONTAINERS: Final = frozenset(
    "content ul ol table thead tbody tfoot tr colgroup blockquote div section".split()
)
_AC_CONTAINERS: Final = frozenset(
    ac(name)
    for name in (
        "structured-macro rich-text-body task-list task layout layout-section layout-cell link image adf-extension"
    ).split()
)
_VERBATIM: Final = frozenset({"pre", ac("plain-text-body"), ac("plain-text-link-body"), ac("parameter")})
_SPACES: Final = re.compile(r"[ \t\r\n]+")
_SCHEME: Final = re.compile(r"(?i)(https?|mailto|ftp|tel|file):")
_RESOURCES: Final = {
    "page": "Page",
    "attachment": "Attachment",
    "user": "User",
    "space": "Space",
    "url": "Url",
}


@dataclass(frozen=True, slots=True)
class Context:
    """What saving looks up; None where there is no such thing.

    `page_version` takes a space key ("" for the page's own space) and a title, `attachment_version` the
    name of a file on the page.
    """

    cloud: bool = True
    page_version: Callable[[str, str], int | None] = lambda _space, _title: None
    attachment_version: Callable[[str], int | None] = lambda _name: None
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())


def save(text: str, context: Context | None = None) -> str:
    """Return the body as it will be read back.

    Raises:
        Refusal: 400 when the body is not well-formed XML.
    """
    context = context or Context()
    root = parse(text)
    _drop_comments(root)
    for element in list(root.iter()):
        _rename(element)
        _identify(element, context)
        _trap(element)
    _number_tasks(root, context)
    if context.cloud:
        _strip(root)
        _normalise_spaces(root)
    return serialise(root)


def _drop_comments(root: Element) -> None:
    for node in [node for node in root.iter() if not isinstance(node.tag, str)]:
        _remove(node)


def _remove(node: Element) -> None:
    """Take a node out; what follows it stays."""
    _append_text(node, node.tail or "")
    node.getparent().remove(node)


def _append_text(node: Element, text: str) -> None:
    """Add text in front of a node."""
    before = node.getprevious()
    if not text:
        return
    if before is not None:
        before.tail = (before.tail or "") + text
    else:
        parent = node.getparent()
        parent.text = (parent.text or "") + text


def _unwrap(node: Element) -> None:
    """Put a node's content in its place."""
    parent = node.getparent()
    _append_text(node, node.text or "")
    for child in list(node):
        node.addprevious(child)
    _append_text(node, node.tail or "")
    parent.remove(node)


def _rename(element: Element) -> None:
    element.tag = _RENAMED.get(element.tag, element.tag)


def _identify(element: Element, context: Context) -> None:
    """Give macros, tables and references the attributes that the editor's clients leave out."""
    if element.tag == ac("structured-macro"):
        _fill(element, ac("schema-version"), "1")
        _order_parameters(element)
        if context.cloud:
            _fill(element, ac("local-id"), context.new_id())
        _fill(element, ac("macro-id"), context.new_id())
    elif element.tag == "table" and context.cloud:
        _fill(element, ac("local-id"), context.new_id())
    elif element.tag == "ol" and context.cloud:
        _fill(element, "start", "1")
    elif element.tag == ri("page"):
        key, title = element.get(ri("space-key"), ""), element.get(ri("content-title"), "")
        _set(element, ri("version-at-save"), context.page_version(key, title))
    elif element.tag == ri("attachment") and len(element) == 0:
        _set(element, ri("version-at-save"), context.attachment_version(element.get(ri("filename"), "")))


def _fill(element: Element, name: str, value: str) -> None:
    if not element.get(name):
        element.set(name, value)


def _set(element: Element, name: str, number: int | None) -> None:
    if number is not None:
        element.set(name, str(number))


def _order_parameters(macro: Element) -> None:
    """Write parameters by name and in front of the bodies: their order is not kept."""
    parameters = [child for child in macro if child.tag == ac("parameter")]
    for place, parameter in enumerate(sorted(parameters, key=lambda one: one.get(ac("name"), ""))):
        parameter.tail = None
        macro.insert(place, parameter)


def _trap(element: Element) -> None:
    """Lose a reference that stands in an `ac:parameter` beside white space.

    Confluence stores the resource's debugging text in its place (github.com/kovetskiy/mark, README,
    "Whitespace inside ac:parameter").
    """
    if element.tag != ac("parameter") or len(element) == 0:
        return
    texts = [element.text, *(child.tail for child in element)]
    if any(text for text in texts):
        kind = _RESOURCES.get(str(element[0].tag).rpartition("}")[2], "Unknown")
        inside = "; ".join(f"{name.rpartition('}')[2]}={value}" for name, value in element[0].attrib.items())
        for child in list(element):
            element.remove(child)
        element.text = f"{kind}ResourceIdentifier[{inside}]"


def _number_tasks(root: Element, context: Context) -> None:
    """Give tasks their number on the page and their uuid."""
    used = {node.text for node in root.iter(ac("task-id"))}
    for task in root.iter(ac("task")):
        _task_part(task, "task-uuid", context.new_id)
        _task_part(task, "task-id", lambda: _unused(used))


def _unused(used: set[str | None]) -> str:
    number = next(str(n) for n in range(1, len(used) + 2) if str(n) not in used)
    used.add(number)
    return number


def _task_part(task: Element, name: str, value: Callable[[], str]) -> None:
    if (part := task.find(ac(name))) is None:
        part = task.makeelement(ac(name))
        task.insert(0 if name == "task-id" else 1 if task.find(ac("task-id")) is not None else 0, part)
    if not part.text:
        part.text = value()


def _strip(root: Element) -> None:
    """Drop what the editor does not keep: attributes of `div`, links inside the page and to files."""
    for division in root.iter("div"):
        division.attrib.clear()
    for anchor in [node for node in root.iter("a") if not _kept(node.get("href", ""))]:
        _unwrap(anchor)


def _kept(href: str) -> bool:
    return href.startswith("/") or bool(_SCHEME.match(href))


def _normalise_spaces(root: Element) -> None:
    for element in root.iter():
        if any(up.tag in _VERBATIM for up in (element, *element.iterancestors())):
            if element.tag in _VERBATIM:
                element.tail = _spaced(element.tail, element.getparent())
            continue
        element.text = _spaced(element.text, element)
        if element is not root:
            element.tail = _spaced(element.tail, element.getparent())
    for element in root.iter(*_BLOCKS):
        _trim_after(element)


def _spaced(text: str | None, inside: Element) -> str | None:
    """Return text with its white space normalised; None where only white space stood between blocks."""
    if text is None:
        return None
    if not text.strip(" \t\r\n") and (inside.tag in _CONTAINERS or inside.tag in _AC_CONTAINERS):
        return None
    return _SPACES.sub(" ", text)


def _trim_after(block: Element) -> None:
    """Drop white space between a block and its neighbour."""
    if block.tail is not None and not block.tail.strip(" "):
        block.tail = None
