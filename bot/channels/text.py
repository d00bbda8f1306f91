"""Words cut to a platform's limit, and made fit for the markup they travel in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from content.lengths import TEXT_BYTES, cut
from content.messages import CardReply

_ELLIPSIS = "…"
#: What XML 1.0 cannot carry, and lone surrogates, which no UTF-8 text can.
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def sendable(text: str) -> str:
    """Return the text without the characters that neither XML nor the platforms carry."""
    return _UNSENDABLE.sub("", text)


def fit_lines(head: str, lines: Sequence[str], tail: str, *, limit: int = TEXT_BYTES) -> tuple[str, bool]:
    """Return head, lines and tail as one text of at most `limit` bytes and whether anything was cut.

    Lines are kept whole (they may hold a link): the head is shortened first, then the last lines fall away.
    """
    kept = list(lines)
    dropped = False
    while kept and _size(*kept, tail) > limit:
        kept.pop()
        dropped = True
    rest = [*kept, tail] if tail else kept
    room = limit - _size(*rest) - (1 if rest else 0)
    head, cut_head = cut(head, max(room, 0)) if head else ("", False)
    if room < len(_ELLIPSIS.encode("utf-8")) and cut_head:
        head = ""
    text, cut_all = cut("\n".join([head, *rest] if head else rest), limit)
    return text, dropped or cut_head or cut_all


def _size(*lines: str) -> int:
    filled = [line for line in lines if line]
    return sum(len(line.encode("utf-8")) for line in filled) + max(len(filled) - 1, 0)


def card_words(card: CardReply) -> str:
    """Return a card as lines of text, for where there is none: its buttons are numbered."""
    said = [card.title, card.description, *(f"{line.name} {line.text}" for line in card.lines)]
    choices = [f"{number}. {button.label}" for number, button in enumerate(card.buttons, start=1)]
    return "\n".join([*filter(None, said), *choices])


def in_cdata(text: str) -> str:
    """Return the text fit to stand in one CDATA section as wechatpy writes it; its templates escape nothing."""
    clean = sendable(text)
    return clean.replace("]]>", "]]]]><![CDATA[>") if "]]>" in clean else clean
