"""One round of what comes due by itself: escalate, then tell owners through their WeCom application."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from content.messages import Purpose
from handlers.clock import Clock
from handlers.tasks.wording import TaskWording
from storage.hand_overs import HandOvers
from storage.mailbox import Mailbox
from storage.records import AccountRow, ReplyDraft
from storage.task_rounds import TaskRounds, Untold

log = structlog.get_logger()


class TaskRound:
    """Called by a tick of the leader; every step may be done twice."""

    def __init__(
        self,
        *,
        rounds: TaskRounds,
        hand_overs: HandOvers,
        mailbox: Mailbox,
        desks: Mapping[str, AccountRow],
        wording: TaskWording,
        version: str,
        clock: Clock,
        on_outbox: Callable[[], None],
    ) -> None:
        """`desks`: by realm the WeCom application through which its staff are told."""
        self._rounds = rounds
        self._hand_overs = hand_overs
        self._mailbox = mailbox
        self._desks = desks
        self._wording = wording
        self._version = version
        self._clock = clock
        self._on_outbox = on_outbox

    async def run(self) -> None:
        """Give on what lies with nobody, escalate what is overdue, tell whoever has not been told."""
        await self._rounds.reassign(now=self._clock.now())
        escalated = await self._rounds.escalate(now=self._clock.now())
        if escalated:
            log.info("Tasks were not done in time.", action="tasks_escalated", tasks=escalated)
        for task in await self._rounds.untold():
            desk = self._desks.get(task.realm)
            now = self._clock.now()
            if desk is not None:
                await self._post(desk, task.userid, self._wording.told(task), key=_key(task))
            # Without an application there is nobody to tell it through; the list shows it.
            await self._rounds.told(task, now=now)

    async def hand_over(self) -> None:
        """Open tasks for customers of who has left, tell each supervisor once, end those that have an owner again."""
        now = self._clock.now()
        for leaver in await self._hand_overs.open(title=self._wording.leaver_title, now=now):
            log.info(
                "Customers of somebody who has left wait.", action="customers_to_hand_over", customers=leaver.customers
            )
            desk = self._desks.get(leaver.realm or "")
            if desk is not None and leaver.userid is not None:
                key = f"leaver:{leaver.id}:{leaver.left_at.isoformat()}:{leaver.supervisor_id}"
                await self._post(desk, leaver.userid, self._wording.of_leaver(leaver), key=key)
        await self.end_handed_over()

    async def end_handed_over(self) -> None:
        """End the tasks of customers who have an owner again; they are to be told of it (`handlers.tasks.notices`)."""
        await self._hand_overs.close(disposition=self._wording.handed_over, now=self._clock.now())

    async def _post(self, desk: AccountRow, userid: str, words: str, *, key: str) -> None:
        """Put a message to somebody into the outbox, once a key."""
        draft = ReplyDraft(
            kind="text", fields={"content": words}, purpose=Purpose.SERVICE, content_version=self._version
        )
        if await self._mailbox.post(desk, userid, draft, key=key, now=self._clock.now()):
            self._on_outbox()


def _key(task: Untold) -> str:
    """Return what makes a telling one: who gets a task back is told again, and nobody twice of one giving."""
    moment = "" if task.assigned_at is None else task.assigned_at.isoformat()
    return f"task:{task.id}:{task.owner_id}:{moment}"
