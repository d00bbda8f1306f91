"""An insurer at work: customers and staff write, the leader's round is called by hand, time moves by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from bot.settings import HandoverSettings, InsurerSettings, KfAccount, Settings
from content.messages import Event, Image, Inbound, InboundBody, MenuReply, Outgoing, Text, TextReply, Voice
from handlers.benefits.desk import BenefitDesk
from handlers.conversation.drafts import reply_drafts
from handlers.conversation.routes import build_routes
from handlers.conversation.routing import first_match
from handlers.conversation.standing import Standings, as_customer
from handlers.conversation.turn import Turn
from handlers.handover.post import HandedTo
from handlers.policies.desk import PolicyDesk
from storage.records import AccountRow, Recorded
from tests.fakes.clock import ManualClock
from tests.fakes.handover_rooms import CONTENT, kit_of, open_rooms
from tests.fakes.sessions import KeptSessions
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of
from tests.fakes.visitors import turn as handled_turn

#: Wednesday 6 May 2026, 10:00 in China: the first working day after the holiday.
MORNING: Final = datetime(2026, 5, 6, 2, tzinfo=UTC)


class House:
    """Everything that the rooms of a process do around handovers, over a real database."""

    def __init__(
        self,
        stores: OpenStores,
        clock: ManualClock,
        rows: dict[str, AccountRow],
        home: Path,
        *,
        parallel: int = 5,
        sessions: KeptSessions | None = None,
        handed_to: HandedTo = HandedTo.PERSON,
        keeps_replies: bool = False,
    ) -> None:
        """`sessions`: those of the service account's platform, where it is one of customer service.

        `keeps_replies`: what customers are answered at once is written into the log, too.
        """
        self._keeps_replies = keeps_replies
        self.stores = stores
        self.clock = clock
        self.service, self.helper = rows["service"], rows["helper"]
        served = (self.service, self.helper)
        self._infos = {row.id: kit_of(row).served.info for row in served}
        self.woken = 0
        settings = Settings(
            home=home,
            insurer=InsurerSettings(hotline="95500"),
            handover=HandoverSettings(parallel=parallel),
            accounts=[] if sessions is None else [_counter(self.service, handed_to)],
        )
        self.rooms = open_rooms(stores, served, settings=settings, clock=clock, sessions=sessions, on_outbox=self._wake)
        self._routes = build_routes(CONTENT, handover=self.rooms.desks)
        self._standings = Standings(stores.history, labels=frozenset())
        self.visitors = Visitors(stores.log, self.service, clock, holder="web")
        self.members = Visitors(stores.log, self.helper, clock, holder="desk")
        self.last: Recorded | None = None

    def with_policies(self, desk: PolicyDesk) -> None:
        """Let the bot answer about policies, too."""
        self._routes = build_routes(CONTENT, handover=self.rooms.desks, policies=desk)

    def with_benefits(self, desk: BenefitDesk) -> None:
        """Let the bot answer about benefits, too."""
        self._routes = build_routes(CONTENT, handover=self.rooms.desks, benefits=desk)

    # What people do

    async def says(self, person: str, words: str, *, option: str | None = None) -> list[str]:
        """Let a customer write; return what the bot answers at once."""
        return await self._hear(self.visitors, person, Text(content=words, option=option))

    async def writes(self, userid: str, words: str) -> list[str]:
        """Let a member of staff write; return what is answered at once."""
        return await self._hear(self.members, userid, Text(content=words))

    async def shows(self, person: str, media_id: str) -> list[str]:
        """Let a customer send a picture."""
        return await self._hear(self.visitors, person, Image(media_id=media_id))

    async def pictures(self, userid: str, media_id: str) -> list[str]:
        """Let a member of staff send a picture."""
        return await self._hear(self.members, userid, Image(media_id=media_id))

    async def speaks(self, userid: str, recognition: str | None = None) -> list[str]:
        """Let a member of staff send a voice message."""
        return await self._hear(self.members, userid, Voice(media_id="v", recognition=recognition))

    async def taps(self, userid: str, key: str) -> list[str]:
        """Let a member of staff tap a card's button."""
        event = Event(kind="template_card_event", fields={"EventKey": key})
        return await self._hear(self.members, userid, event)

    async def on_duty(self, *userids: str) -> None:
        """Let staff come on duty."""
        for userid in userids:
            await self.writes(userid, "上班")

    async def round(self, *, after: float = 0.0) -> None:
        """Let time pass, and the leader look."""
        if after:
            await self.clock.advance(after)
        await self.rooms.round.run()
        await self.rooms.sessions.run()

    async def serve(self, person: str, userid: str) -> int:
        """Let a customer ask, be offered to `userid` and accepted; return the number."""
        await self.says(person, "人工")
        await self.round()
        number = (await self.handover(person))["id"]
        await self.taps(userid, f"handover.take.{number}")
        assert (await self.handover(person))["state"] == "running"
        return int(number)

    async def again(self, turn: Turn) -> list[str]:
        """Let a turn be made anew, as after a kill."""
        return _words((await first_match(self._routes, turn)).outcome.replies)

    # What is to be seen

    async def handover(self, person: str) -> dict[str, Any]:
        """Return the newest handover of a customer."""
        rows = await self.stores.rows(
            "SELECT h.*, s.userid FROM handover h JOIN identity i ON i.id = h.identity_id "
            "LEFT JOIN staff s ON s.id = h.staff_id WHERE i.external_id = :person ORDER BY h.id DESC",
            person=person,
        )
        return rows[0]

    async def posted(self, account: AccountRow, person: str) -> list[dict[str, Any]]:
        """Return the fields of what was put into the outbox for somebody, in order."""
        rows = await self.stores.rows(
            "SELECT c.fields FROM delivery d JOIN identity i ON i.id = d.identity_id "
            "JOIN content c ON c.account_id = d.account_id AND c.seq = d.out_seq "
            "WHERE d.account_id = :account AND i.external_id = :person ORDER BY d.id",
            account=account.id,
            person=person,
        )
        return [json.loads(row["fields"]) for row in rows]

    async def heard(self, person: str) -> list[str]:
        """Return what a customer was sent, in order."""
        return [fields.get("content") or fields.get("head", "") for fields in await self.posted(self.service, person)]

    async def told(self, userid: str) -> list[str]:
        """Return what a member of staff was sent, in order; of cards the title."""
        return [fields.get("content") or fields.get("title", "") for fields in await self.posted(self.helper, userid)]

    async def asked(self) -> list[str]:
        """Return who was offered a handover, in order."""
        rows = await self.stores.rows(
            "SELECT s.userid FROM handover_offer o JOIN staff s ON s.id = o.staff_id ORDER BY o.id"
        )
        return [row["userid"] for row in rows]

    async def deeds(self) -> list[tuple[str, str, str]]:
        """Return who did what, the first deed first."""
        rows = await self.stores.rows("SELECT viewer, action, subject FROM audit_entry ORDER BY id")
        return [(row["viewer"], row["action"], row["subject"]) for row in rows]

    async def _hear(self, visitors: Visitors, who: str, body: InboundBody) -> list[str]:
        keeps = self._keeps_replies and visitors is self.visitors
        arrival = visitors.arrival(who, body, handle=keeps)
        recorded = await self.stores.log.record(arrival)
        return await self.handle(recorded, arrival.inbound, keeps=keeps)

    async def handle(self, recorded: Recorded, inbound: Inbound, *, keeps: bool = True) -> list[str]:
        """Answer a recorded message; `keeps`: write the answers into the log."""
        turn = await self.turn(recorded, inbound)
        outcome = (await first_match(self._routes, turn)).outcome
        if keeps:
            # Whom somebody serves at the platform gets none of them, as in a process.
            until = turn.standing.served_until
            drafts = reply_drafts(outcome) if until is None or until <= turn.now else ()
            handled = handled_turn(lease_of(recorded, holder="web"), [recorded.seq], now=self.clock.now())
            await self.stores.handling.finish(replace(handled, replies=drafts))
        return _words(outcome.replies)

    async def turn(self, recorded: Recorded, inbound: Inbound) -> Turn:
        """Return the turn of a recorded message."""
        self.last = recorded
        standing = await self._standings.of(recorded.person, [inbound.body])
        self.last_turn = Turn(
            account=self._infos[recorded.account_id],
            who=as_customer(recorded.person, channel=self._infos[recorded.account_id].channel),
            messages=(inbound,),
            now=self.clock.now(),
            standing=standing,
            seqs=(recorded.seq,),
        )
        return self.last_turn

    def _wake(self) -> None:
        self.woken += 1


def _counter(row: AccountRow, handed_to: HandedTo) -> KfAccount:
    keys = {"secret": "s", "callback_token": "t", "callback_aes_key": "k" * 43}
    account = {"channel": "kf", "name": row.name, "title": row.title, "corp_id": row.realm, "open_kfid": "wk1", **keys}
    return KfAccount.model_validate({**account, "handover": handed_to})


def _words(replies: tuple[Any, ...]) -> list[str]:
    said: list[str] = []
    for content in (cast(Outgoing, reply.content) for reply in replies):
        said.append(content.content if isinstance(content, TextReply) else cast(MenuReply, content).head)
    return said
