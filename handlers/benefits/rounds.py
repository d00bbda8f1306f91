"""What the leader does about benefits: they expire, and who has one that expires soon is reminded, by day and once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from content.benefits import Benefits
from content.local_time import local
from content.messages import Outgoing, Purpose, TextReply, encode_body
from content.slots import fill
from handlers.clock import Clock
from handlers.conversation.accounts import ServedAccount
from handlers.conversation.elder_form import ElderForm
from storage.benefit_rows import last_day
from storage.benefit_ticks import BenefitTicks, Expiring, reminder_key
from storage.letters import Letter
from storage.records import ReplyDraft

log = structlog.get_logger()

#: Who cannot be reached is looked at again and again, and there may be very many of them.
_PAUSE: Final = timedelta(minutes=5)


class BenefitRound:
    """Called by a tick of the leader; every step may be done twice."""

    def __init__(
        self,
        authored: Benefits,
        *,
        ticks: BenefitTicks,
        accounts: Mapping[int, ServedAccount],
        form: ElderForm,
        version: str,
        least: int,
        clock: Clock,
        on_outbox: Callable[[], None],
    ) -> None:
        """`least`: so many messages the platform must still allow, for some of them are kept for a person."""
        self._text = authored.texts.reminder
        self._reminder = authored.reminder
        self._ticks = ticks
        self._accounts = accounts
        self._form = form
        self._version = version
        self._least = least
        self._clock = clock
        self._on_outbox = on_outbox
        self._rests_until: datetime | None = None

    async def run(self) -> None:
        """Do what is due."""
        now = self._clock.now()
        followed = await self._ticks.follow(now=now)
        expired = await self._ticks.expire(now=now)
        if expired or followed:
            log.info("Units of benefits moved on.", action="benefits_moved", expired=expired, followed=followed)
        rests = self._rests_until is not None and now < self._rests_until
        if not rests and self._reminder.first_hour <= local(now).hour < self._reminder.last_hour:
            self._rests_until = None if await self._remind() else now + _PAUSE

    async def _remind(self) -> bool:
        """Tell whoever can be told now; return whether there may be more of them."""
        now, told = self._clock.now(), 0
        before = now + timedelta(days=self._reminder.days)
        for found in await self._ticks.expiring(self._accounts.keys(), least=self._least, before=before, now=now):
            told += await self._ticks.remind(found.unit_id, self._letter(found), now=now)
        if told:
            log.info("Customers are told what expires soon.", action="benefits_reminded", customers=told)
            self._on_outbox()
        return told > 0

    def _letter(self, found: Expiring) -> Letter:
        """Return the reminder; it names no code."""
        served = self._accounts[found.account_id]
        slots = {"title": found.title, "date": f"{last_day(found.expires_at)}", "account": served.info.title}
        if served.info.hotline:
            slots["hotline"] = served.info.hotline
        content: Outgoing = TextReply(content=fill(self._text, slots))
        if found.elder:
            content = self._form.of(content, short="")
        kind, fields = encode_body(content)
        draft = ReplyDraft(kind=kind, fields=fields, purpose=Purpose.SERVICE, content_version=self._version)
        return Letter(account=served.row, person=found.external_id, draft=draft, key=reminder_key(found.unit_id))
