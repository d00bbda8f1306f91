"""What staff who serve can say in the application: commands, taps on cards, replies with a number and without one."""

from __future__ import annotations

import re
from typing import Final

from content.messages import (
    Event,
    Image,
    ImageReply,
    InboundBody,
    Link,
    Location,
    MenuClick,
    Video,
    Voice,
)
from handlers.conversation.turn import Turn, words_of
from handlers.handover.choice import serves
from handlers.handover.wording import PASS, SEND_TO, TAKE

#: In their normal form, with the keys of buttons in the application's menu that say the same.
ON_DUTY_WORDS: Final = frozenset({"上班", "我上班了", "开始接待"})
OFF_DUTY_WORDS: Final = frozenset({"下班", "我下班了", "停止接待"})
LIST_WORDS: Final = frozenset({"我的接待", "接待列表"})
ON_DUTY_KEY: Final = "duty_on"
OFF_DUTY_KEY: Final = "duty_off"
LIST_KEY: Final = "serving"
_CARD_TAP: Final = "template_card_event"
TAKE_WORDS: Final = re.compile(r"\s*(?:接待|接)\s*[#＃]?\s*(\d{1,15})\s*")
CLOSE_WORDS: Final = re.compile(r"\s*结束\s*[#＃]?\s*(\d{1,15})\s*")
PASS_WORDS: Final = re.compile(r"\s*转(?:给|接)?\s*[#＃]?\s*(\d{1,15})[\s:：,，]+(\S{1,64})\s*")
#: Only the mark makes a number a customer's: 「12 月到期」 is no reply to customer 12.
MARKED: Final = re.compile(r"\s*[#＃]\s*(\d{1,15})[\s:：,，、]*(.*)", re.DOTALL)


def may_serve(turn: Turn) -> bool:
    """Tell whether a bound member of staff writes whose role serves customers."""
    staff = turn.who.staff
    return turn.with_staff and staff is not None and serves(staff.role)


def says(turn: Turn, words: frozenset[str], keys: tuple[str, ...]) -> bool:
    """Tell whether one of the words is the whole message, or a button with one of the keys was tapped."""
    if isinstance(turn.body, MenuClick):
        return turn.body.key in keys
    return turn.normal in words


def tapped(turn: Turn) -> tuple[str, int, int] | None:
    """Return (button, number, further number or 0) of a tap on one of our cards."""
    if not isinstance(turn.body, Event) or turn.body.kind != _CARD_TAP:
        return None
    key = turn.body.fields.get("EventKey")
    for button in (TAKE, PASS, SEND_TO):
        numbers = re.fullmatch(
            re.escape(button) + r"\.(\d{1,15})(?:\.(\d{1,15}))?", key if isinstance(key, str) else ""
        )
        if numbers is not None:
            return button, int(numbers[1]), int(numbers[2] or 0)
    return None


def is_step(turn: Turn) -> bool:
    """Tell whether somebody accepts, passes on or closes, by a tap or in words."""
    if tapped(turn) is not None:
        return True
    return any(form.fullmatch(turn.text) for form in (TAKE_WORDS, CLOSE_WORDS, PASS_WORDS))


def could_be_reply(turn: Turn) -> bool:
    """Tell whether it says or shows something that could be meant for a customer."""
    return bool(turn.fragments) or isinstance(turn.body, Image | Voice | Video | Location | Link)


def reply_of(body: InboundBody, *, account: str) -> str | ImageReply | None:
    """Return what a message of staff is as a reply: its words, or its picture, which `account` keeps; else None."""
    if isinstance(body, Image):
        return ImageReply(media_id=body.media_id, kept_by=account) if body.media_id else None
    return words_of(body)
