"""How long a message becomes, and the words cut to fit: the same measure when it is authored, filled and sent.

The narrowest form counts. A question is longest as the passive reply of an official account, where each choice is a
link that holds its label twice; a question that fits there fits everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from content.messages import MenuReply, Outgoing, TextReply

#: What a text message may hold on both platforms, in bytes of UTF-8 (WeChat and WeCom docs: passive replies).
TEXT_BYTES: Final = 2048
#: The markup of one choice's link, without its label and its id.
_LINK_BYTES: Final = 61
_ELLIPSIS = "…"
_ELLIPSIS_BYTES = len(_ELLIPSIS.encode())


def cut(text: str, limit: int = TEXT_BYTES) -> tuple[str, bool]:
    """Return the text in at most `limit` bytes of UTF-8 and whether it had to be cut.

    The cut falls between code points and is marked with an ellipsis.
    """
    # Four bytes a code point is the most there is: short texts need no encoding to be known to fit.
    if len(text) * 4 <= limit:
        return text, False
    data = text.encode("utf-8")
    if len(data) <= limit:
        return text, False
    room = max(limit - _ELLIPSIS_BYTES, 0)
    return data[:room].decode("utf-8", "ignore") + _ELLIPSIS, True


def question_bytes(head: str, choices: Iterable[tuple[str, str]], tail: str) -> int:
    """Return how many bytes a question with these choices, each (id, label), has at most in any of its forms."""
    lines = [len(part.encode()) for part in (head, tail) if part]
    lines += [_choice_bytes(identifier, label) for identifier, label in choices]
    return sum(lines) + max(len(lines) - 1, 0)


def fit(message: Outgoing) -> Outgoing:
    """Return the message itself, or one with its words cut when slots made it longer than a text can be."""
    match message:
        case TextReply(content=content):
            words, was_cut = cut(content)
            return replace(message, content=words) if was_cut else message
        case MenuReply(head=head, options=options, tail=tail):
            choices = [(option.id, option.label) for option in options]
            if question_bytes(head, choices, tail) <= TEXT_BYTES:
                return message
            tail = _within(tail, TEXT_BYTES - question_bytes("", choices, "") - 1)
            head = _within(head, TEXT_BYTES - question_bytes("", choices, tail) - 1)
            return replace(message, head=head, tail=tail)
    return message


def _within(text: str, room: int) -> str:
    return cut(text, room)[0] if room >= _ELLIPSIS_BYTES else ""


def _choice_bytes(identifier: str, label: str) -> int:
    # In the link, marks and spaces of ASCII are escaped with three bytes; in the words shown, < and > become quotes of
    # three. Counted for all marks alike, which is at most a few bytes too many.
    label_bytes = 2 * len(label.encode()) + 4 * _marks(label)
    return _LINK_BYTES + label_bytes + len(identifier.encode()) + 2 * _marks(identifier)


def _marks(text: str) -> int:
    return sum(char.isascii() and not char.isalnum() for char in text)
