"""Making the replies of a turn one message, for accounts whose only way is the one HTTP answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from content.lengths import TEXT_BYTES
from content.messages import MenuReply, Outgoing, TextReply
from handlers.conversation.turn import Reply

#: What a choice may take beside its label: its number, or the link that it becomes.
_CHOICE_BYTES: Final = 100


def fold(replies: Sequence[Reply]) -> tuple[Reply, ...]:
    """Return `replies` with every one that fits folded into the first; those that cannot be folded stay apart.

    Words join words or a question; two questions, cards and pictures do not, nor replies of different purposes.
    """
    folded: list[Reply] = []
    for reply in replies:
        joined = _join(folded[0], reply) if folded else None
        if joined is None:
            folded.append(reply)
        else:
            folded[0] = joined
    return tuple(folded)


def _join(first: Reply, second: Reply) -> Reply | None:
    if (first.purpose, first.content_version) != (second.purpose, second.content_version):
        return None
    content = _join_contents(first.content, second.content)
    if content is None or _size(content) > TEXT_BYTES:
        return None
    # A short form of one alone would hide the other.
    short = f"{first.short}\n{second.short}" if first.short and second.short else ""
    return replace(first, content=content, short=short)


def _join_contents(first: Outgoing, second: Outgoing) -> TextReply | MenuReply | None:
    match first, second:
        case TextReply(), TextReply():
            return TextReply(content=f"{first.content}\n{second.content}")
        case TextReply(), MenuReply():
            return replace(second, head=f"{first.content}\n{second.head}")
        case MenuReply(), TextReply():
            return replace(first, tail=f"{first.tail}\n{second.content}" if first.tail else second.content)
        case _:
            return None


def _size(content: TextReply | MenuReply) -> int:
    if isinstance(content, TextReply):
        return len(content.content.encode("utf-8"))
    words = [content.head, content.tail, *(option.label for option in content.options)]
    return sum(len(each.encode("utf-8")) + 1 for each in words) + _CHOICE_BYTES * len(content.options)
