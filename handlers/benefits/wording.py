"""Benefits in the words of the content: what is offered, granted, refused, and what is one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from content.benefits import BenefitTexts
from content.lengths import TEXT_BYTES
from content.local_time import local
from content.messages import Option
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import Outcome, Turn
from storage.benefit_claims import Granted
from storage.benefit_reserving import Refusal
from storage.benefit_rows import BenefitRow, last_day
from storage.tables.benefits import UnitState

#: Bytes that are kept for saying how many more there are.
_ROOM: Final = 160
#: Used ones that are shown behind those that can be used.
_USED: Final = 5


class BenefitWording:
    """Makes replies. A code stands in a reply to its one person alone."""

    def __init__(self, texts: BenefitTexts, phrasing: Phrasing) -> None:
        self._texts = texts
        self._phrasing = phrasing
        self._refusals = {
            Refusal.NO_SUCH: texts.over,
            Refusal.CLOSED: texts.over,
            Refusal.OVER: texts.over,
            Refusal.ERASED: texts.over,
            Refusal.ACCOUNT: texts.not_here,
            Refusal.CONSENT: texts.consent_needed,
            Refusal.POLICY: texts.policy_needed,
            Refusal.SPEND_CAP: texts.sold_out,
            Refusal.SOLD_OUT: texts.sold_out,
        }

    def offer(self, turn: Turn, options: tuple[Option, ...]) -> Outcome:
        """Return what there is, as choices."""
        return Outcome(replies=(self._phrasing.ask(turn, self._texts.offer, options),))

    def claimed(self, turn: Turn, granted: Granted) -> Outcome:
        """Return the code with how and until when it is used."""
        return self._say(turn, self._unit(turn, self._texts.claimed, granted))

    def refused(self, turn: Turn, benefit: BenefitRow, refusal: Refusal) -> Outcome:
        """Return plainly why there is none."""
        texts, slots = self._texts, {"title": benefit.title}
        match refusal:
            case Refusal.PERSON_LIMIT:
                return self._say(turn, self._words(turn, texts.already, **slots, limit=str(benefit.per_person)))
            case Refusal.HOLDER_LIMIT:
                return self._say(turn, self._words(turn, texts.holder_already, **slots, limit=str(benefit.per_holder)))
            case Refusal.NOT_BEGUN:
                return self._say(turn, self._words(turn, texts.not_begun, **slots, date=f"{benefit.valid_from}"))
        return self._say(turn, self._words(turn, self._refusals[refusal], **slots))

    def mine(self, turn: Turn, found: Sequence[Granted]) -> Outcome:
        """Return what somebody can use, and the last that they used; what a message has no room for is counted."""
        usable = [each for each in found if each.unit.state is UnitState.GRANTED]
        used = [each for each in found if each.unit.state is UnitState.REDEEMED][:_USED]
        lines = [self._words(turn, self._texts.mine if usable else self._texts.nothing)]
        left = len(usable)
        for each in usable:
            words = self._unit(turn, self._texts.unit, each)
            if len("\n".join([*lines, words]).encode()) > TEXT_BYTES - _ROOM:
                break
            lines.append(words)
            left -= 1
        if left:
            lines.append(self._words(turn, self._texts.more, count=str(left)))
        for each in used if not left else ():
            assert each.unit.redeemed_at is not None
            day = f"{local(each.unit.redeemed_at):%Y-%m-%d}"
            words = self._words(turn, self._texts.used, title=each.benefit.title, date=day)
            if len("\n".join([*lines, words]).encode()) > TEXT_BYTES:
                break
            lines.append(words)
        return self._say(turn, "\n".join(lines))

    def _unit(self, turn: Turn, text: str, granted: Granted) -> str:
        until = granted.unit.expires_at
        texts = self._texts
        ends = texts.no_end if until is None else self._words(turn, texts.until, date=f"{last_day(until)}")
        slots = {"title": granted.benefit.title, "code": granted.unit.code or "", "guide": granted.benefit.guide}
        return self._words(turn, text, **slots, until=ends)

    def _words(self, turn: Turn, text: str, **slots: str) -> str:
        return self._phrasing.words(turn, text, **slots)

    def _say(self, turn: Turn, words: str) -> Outcome:
        return Outcome(replies=(self._phrasing.told(turn, words),))
