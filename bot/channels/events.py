"""What the two platforms' event bodies have in common: which elements repeat, which hold others, and the plain fields.

XML cannot say that a list has one entry, and JSON callbacks write a list of one as an object; here the elements that
repeat are lists always, so that whoever reads an event's fields sees one shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.callback import BadCallback
from bot.channels.document import Document, Node

#: Characters of an unknown kind's name that are kept as its kind.
MAX_KIND = 64
#: Elements that repeat wherever they stand.
_LISTS = frozenset(
    {
        "item",
        "List",
        "fail_idx",
        "Item",
        "SelectedItem",
        "OptionId",
        "ApprovalNode",
        "NotifyNode",
        "SpRecord",
        "Details",
        "Notifyer",
        "Comments",
    }
)
#: Entries of these lists are objects.
_LISTS_OF_OBJECTS = _LISTS - {"fail_idx", "OptionId"}
#: Elements of the envelope; they are in `Inbound` itself.
_ENVELOPE = frozenset({"ToUserName", "FromUserName", "CreateTime", "MsgType", "Event"})


def event_fields(document: Document, *, objects: frozenset[str], texts: frozenset[str]) -> dict[str, Any]:
    """Return the fields of a known event beyond its envelope, lists as lists, nothing else changed.

    `objects` are the names that hold other elements, `texts` those that never do. Raises BadCallback when one of them
    is of another shape.
    """
    found: dict[str, Any] = {}
    for name, value in document.items():
        if name in _ENVELOPE:
            continue
        if name in objects:
            value = value or {}
            if not isinstance(value, dict):
                raise BadCallback("bad_types", f"{name} is not an object")
        elif name in texts and not isinstance(value, str):
            raise BadCallback("bad_types", f"{name} is not text")
        found[name] = with_lists(value)
    return found


def with_lists(node: Node) -> Node:
    """Return a copy in which every element that repeats is a list. Raises BadCallback on a list of the wrong things."""
    if isinstance(node, dict):
        return {name: _entries(name, value) if name in _LISTS else with_lists(value) for name, value in node.items()}
    if isinstance(node, list):
        return [with_lists(item) for item in node]
    return node


def _entries(name: str, value: Node) -> list[Node]:
    entries = value if isinstance(value, list) else [value]
    entries = [entry for entry in entries if entry != ""]
    if name in _LISTS_OF_OBJECTS and not all(isinstance(entry, dict) for entry in entries):
        raise BadCallback("bad_types", f"an entry of {name} is not an object")
    return [with_lists(entry) for entry in entries]


def raw_fields(document: Mapping[str, Node], text: str) -> dict[str, Any]:
    """Return everything of a kind this version does not know: all its fields, and under `raw` the text itself."""
    return {**document, "raw": text}
