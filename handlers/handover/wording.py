"""Handovers in the words of the content: to customers, to staff, with China's time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from content.elder import Elder
from content.handover import Handover
from content.masking import mask
from content.messages import (
    CardLine,
    CardReply,
    Image,
    ImageReply,
    InboundBody,
    MenuReply,
    Option,
    Outgoing,
    TextReply,
    decode_inbound,
    decode_outgoing,
)
from content.opening_hours import ZONE
from content.slots import fill
from handlers.conversation.elder_form import ElderForm
from handlers.conversation.turn import words_of
from storage.handover_rows import HandoverRow
from storage.timeline import Said

#: Characters of one line of the context, of the last words in a list and on a card.
_CONTEXT_LINE: Final = 60
_LAST_WORDS: Final = 26
_WEEKDAYS: Final = "一二三四五六日"
#: What a message without words is called.
_KINDS: Final = {
    "image": "图片",
    "voice": "语音",
    "video": "视频",
    "location": "位置",
    "link": "链接",
    "menu_click": "菜单",
}
#: How the ids of the closing question and of staff's buttons begin.
RATE: Final = "rate"
TAKE, PASS, SEND_TO = "handover.take", "handover.pass", "handover.to"


class HandoverWording:
    """Says everything around a handover."""

    def __init__(self, authored: Handover, *, elder: Elder, form: ElderForm, hotline: str) -> None:
        """`form`: what messages to those look like who have the mode for the elderly."""
        self._elder = elder
        self._form = form
        self._customer = authored.customer
        self._staff = authored.staff
        self._authored = authored
        self._hotline = hotline

    def name_of(self, handover: HandoverRow) -> str:
        """Return what the customer is called beside their number; who writes to one of the elderly sees it there."""
        name = handover.name or self._customer.nameless
        return f"{name}·{self._elder.staff_mark}" if handover.elder else name

    def customer(self, text: str, *, title: str, elder: bool, code: str | None = None, **slots: str) -> Outgoing:
        """Return one of the sentences for customers, named as in the file.

        `elder`: in the short form. `code`: it leaves by this code alone.
        """
        common = {"account": title, **({"hotline": self._hotline} if self._hotline else {})}
        sentence = getattr(self._customer, text)
        whole = TextReply(content=fill(sentence, {**common, **slots}), code=code)
        if not elder:
            return whole
        return self._form.of(whole, short=fill(self._form.short_of(sentence), {**common, **slots}))

    def over(self, handover: HandoverRow, *, title: str, code: str | None = None) -> Outgoing:
        """Return that it is over and that the bot is back, with the question for satisfaction."""
        common = {"account": title, **({"hotline": self._hotline} if self._hotline else {})}
        scores = list(enumerate(self._customer.scores, start=1))
        if handover.elder:
            scores = [(each.score, each.label) for each in self._elder.scores]
        options = tuple(Option(id=f"{RATE}.{handover.id}.{score}", label=label) for score, label in scores)
        asked = MenuReply(head=fill(self._customer.over, common), options=options, code=code)
        if not handover.elder:
            return asked
        return self._form.of(asked, short=fill(self._form.short_of(self._customer.over), common))

    def opening(self, now: datetime) -> str:
        """Return the next opening as people say it: 今天 09:00, 明天, or the date and weekday."""
        opening = self._authored.hours.next_opening(now)
        if opening is None:
            return ""
        days = (opening.date() - now.astimezone(ZONE).date()).days
        day = {0: "今天", 1: "明天"}.get(days)
        named = f"{opening.month}月{opening.day}日（周{_WEEKDAYS[opening.weekday()]}）"
        return f"{day or named} {opening:%H:%M}"

    def staff(self, text: str, handover: HandoverRow | None = None, **slots: str) -> str:
        """Return one of the sentences for staff, named as in the file."""
        one = {} if handover is None else {"id": str(handover.id), "name": self.name_of(handover)}
        return fill(getattr(self._staff, text), {**one, **slots})

    def offer(self, handover: HandoverRow, *, title: str, seconds: int, now: datetime) -> CardReply:
        """Return the card on which somebody accepts or passes on."""
        waited = _minutes(now - (handover.waiting_since or handover.opened_at))
        return CardReply(
            title=self.staff("offer", handover),
            description=self.staff("offer_detail", handover, account=title, waited=waited, seconds=str(seconds)),
            buttons=(
                Option(id=f"{TAKE}.{handover.id}", label=self._staff.take),
                Option(id=f"{PASS}.{handover.id}", label=self._staff.pass_on),
            ),
        )

    def context(self, handover: HandoverRow, said: Sequence[Said], *, title: str, is_there: bool = False) -> str:
        """Return what was said last, a line a message, numbers masked, for whoever accepts.

        `is_there`: they serve at the platform itself.
        """
        head = self.staff("context_there" if is_there else "context", handover, account=title)
        if handover.elder:
            head = f"{self._elder.staff_note}\n{head}"
        return "\n".join([head, *(self._line(message) for message in said if _was_said(message))])

    def relayed(self, handover: HandoverRow, words: str) -> str:
        """Return a customer's words under their head, numbers masked."""
        return self.staff("relay", handover, words=mask(words))

    def picture(self, handover: HandoverRow, body: InboundBody) -> ImageReply | None:
        """Return a customer's picture for whoever serves, with what is said where it cannot be had; None: it is none.

        It does not say whose it is: words that do must go before it.
        """
        if not isinstance(body, Image) or not body.media_id:
            return None
        return ImageReply(
            media_id=body.media_id, kept_by=handover.account, instead=self.staff("picture_lost", handover)
        )

    def hold(self, hold_id: int, handovers: Sequence[tuple[HandoverRow, str]], *, is_picture: bool) -> CardReply:
        """Return the card that asks whose words, or picture, were meant; each customer with what they said last."""
        return CardReply(
            title=self._staff.hold_picture if is_picture else self._staff.hold,
            description=self._staff.hold_detail,
            lines=tuple(CardLine(name=f"#{row.id}", text=short(words) or "—") for row, words in handovers),
            buttons=tuple(
                Option(id=f"{SEND_TO}.{hold_id}.{row.id}", label=f"{self.name_of(row)} #{row.id}")
                for row, _ in handovers
            ),
        )

    def listed(self, handovers: Sequence[tuple[HandoverRow, str, str]]) -> str:
        """Return what somebody serves: (handover, the account's title, what the customer said last)."""
        if not handovers:
            return self._staff.list_none
        lines = [
            self.staff("list_offered", row, account=title)
            if row.state == "offered"
            else self.staff("list_running", row, account=title, words=short(words))
            for row, title, words in handovers
        ]
        head = fill(self._staff.list_head, {"count": str(len(handovers))})
        return "\n".join([head, *lines, self._staff.list_foot])

    def words_in(self, kind: str, fields: dict[str, object] | None) -> str:
        """Return what an inbound message says; what has no words is named by its kind."""
        said = words_of(decode_inbound(kind, fields or {}))
        return said if said else fill(self._staff.no_words, {"kind": _KINDS.get(kind, kind)})

    def _line(self, message: Said) -> str:
        if message.direction == "in":
            who, words = self._staff.said_customer, self.words_in(message.kind, message.fields)
        else:
            who, words = self._said(message)
        return who + short(words, _CONTEXT_LINE)

    def _said(self, message: Said) -> tuple[str, str]:
        try:
            content = decode_outgoing(message.kind, message.fields or {})
        except (KeyError, TypeError):
            return self._staff.said_bot, fill(self._staff.no_words, {"kind": message.kind})
        match content:
            case TextReply(content=words, by=by):
                return self._staff.said_bot if by is None else self._staff.said_staff, words
            case ImageReply(by=by) if by is not None:
                return self._staff.said_staff, fill(self._staff.no_words, {"kind": _KINDS["image"]})
            case MenuReply(head=head):
                return self._staff.said_bot, head
            case _:
                return self._staff.said_bot, fill(
                    self._staff.no_words, {"kind": _KINDS.get(message.kind, message.kind)}
                )


def _was_said(message: Said) -> bool:
    return message.direction == "out" or message.kind == "text" or message.kind in _KINDS


def short(words: str, characters: int = _LAST_WORDS) -> str:
    """Return words as one short line, numbers masked."""
    line = " ".join(mask(words).split())
    return line if len(line) <= characters else line[: characters - 1] + "…"


def _minutes(waited: timedelta) -> str:
    minutes = max(0, int(waited.total_seconds())) // 60
    if minutes < 1:
        return "不到 1 分钟"
    return f"{minutes} 分钟" if minutes < 120 else f"{minutes // 60} 小时"
