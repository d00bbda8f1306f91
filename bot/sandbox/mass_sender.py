"""Carries out mass sends: a while after the call the messages stand in the chats, and the account is told the counts.

WeChat doc: mass send, MASSSENDJOBFINISH. Who no longer follows or refuses messages is filtered out before sending; who
had their four this month is an error of that follower.
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.chats import Chats
from bot.sandbox.clock import PlatformClock
from bot.sandbox.config import Rules
from bot.sandbox.mass_book import Mass, MassState
from bot.sandbox.push import Pusher
from bot.sandbox.record import Record
from bot.sandbox.tasks import Tasks
from bot.sandbox.world import OfficialAccount, World

VIA = "mass"
EVENT = "MASSSENDJOBFINISH"
#: Who the event comes from; nobody who chats.
_SENDER = "mphelper"


class MassSender:
    """Sends what was accepted."""

    def __init__(
        self, *, world: World, clock: PlatformClock, record: Record, chats: Chats, pusher: Pusher, rules: Rules
    ) -> None:
        self._world = world
        self._clock = clock
        self._record = record
        self._chats = chats
        self._pusher = pusher
        self._seconds = rules.mass_seconds
        self._tasks = Tasks()

    def start(self, account: OfficialAccount, mass: Mass) -> None:
        """Carry a send out, `rules.mass_seconds` after it was accepted."""
        self._tasks.start(self._carry(account, mass), name=f"mass-{mass.id}")

    def resume(self) -> None:
        """Go on with what an earlier run of the sandbox accepted and did not finish."""
        for account in self._world.official.values():
            for mass in account.mass.unfinished():
                self.start(account, mass)

    async def stop(self) -> None:
        """Drop what is under way."""
        await self._tasks.stop()

    async def _carry(self, account: OfficialAccount, mass: Mass) -> None:
        await self._clock.sleep_until(mass.at + self._seconds)
        if not mass.is_shown:
            await self._show(account, mass)
        push = self._pusher.push(
            account, _SENDER, fields=self._event(account, mass), key=f"e:{EVENT}:{mass.id}", kind=EVENT, text=""
        )
        push.speaker = ""
        push.kept = {"mass_finished": mass.id}
        mass.is_told = True
        await self._pusher.start(push).task

    async def _show(self, account: OfficialAccount, mass: Mass) -> None:
        now = self._clock.now()
        reached = [person for person in mass.people if _is_reachable(account, person)]
        served = [person for person in reached if account.mass.may_receive(person, now=now)]
        for person in served:
            account.mass.receive(person, now=now)
        counts = {"total": len(mass.people), "sent": len(served), "failed": len(reached) - len(served)}
        finish(mass, counts)
        seen = {"via": VIA, "push": None, **mass.message.described(), "msg_id": mass.id}
        shown = [{"what": "shown", "account": account.name, "person": person, **seen} for person in served]
        done = {"what": "mass_sent", "account": account.name, "msg_id": mass.id, **counts}
        await self._record.write(*shown, done)
        for person in served:
            self._chats.add((account.name, person), {"at": now, "from": "account", **seen})

    def _event(self, account: OfficialAccount, mass: Mass) -> dict[str, Any]:
        return {
            "ToUserName": account.config.original_id,
            "FromUserName": _SENDER,
            "CreateTime": int(self._clock.now()),
            "MsgType": "event",
            "Event": EVENT,
            "MsgID": mass.id,
            "Status": "send success",
            "TotalCount": mass.total,
            "FilterCount": mass.sent + mass.failed,
            "SentCount": mass.sent,
            "ErrorCount": mass.failed,
        }


def finish(mass: Mass, counts: dict[str, int]) -> None:
    """Note that a send reached the chats, with these counts."""
    mass.is_shown = True
    mass.total, mass.sent, mass.failed = counts["total"], counts["sent"], counts["failed"]
    if mass.state is MassState.SENDING:
        mass.state = MassState.SUCCESS


def _is_reachable(account: OfficialAccount, person: str) -> bool:
    return person in account.followers and person not in account.blacklist and person not in account.refusing
