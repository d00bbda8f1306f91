"""One round of what comes due by itself: escalate, then tell owners through their WeCom application."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from content.messages import Purpose
from handlers.clock import Clock
from handlers.tasks.wording import TaskWording
from storage.mailbox import Mailbox
from storage.records import AccountRow, ReplyDraft
from storage.task_rounds import TaskRounds

log = structlog.get_logger()


class TaskRound:
    """Called by a tick of the leader; every step may be done twice."""

    def __init__(
        self,
        *,
        rounds: TaskRounds,
        mailbox: Mailbox,
        desks: Mapping[str, AccountRow],
        wording: TaskWording,
        version: str,
        clock: Clock,
        on_outbox: Callable[[], None],
    ) -> None:
        """`desks`: by realm the WeCom application through which its staff are told."""
        self._rounds = rounds
        self._mailbox = mailbox
        self._desks = desks
        self._wording = wording
        self._version = version
        self._clock = clock
        self._on_outbox = on_outbox

    async def run(self) -> None:
        """Escalate what is overdue and tell whoever has not been told."""
        escalated = await self._rounds.escalate(now=self._clock.now())
        if escalated:
            log.info("Tasks were not done in time.", action="tasks_escalated", tasks=escalated)
        for task in await self._rounds.untold():
            desk = self._desks.get(task.realm)
            now = self._clock.now()
            if desk is not None:
                draft = ReplyDraft(
                    kind="text",
                    fields={"content": self._wording.told(task)},
                    purpose=Purpose.SERVICE,
                    content_version=self._version,
                )
                await self._mailbox.post(desk, task.userid, draft, key=f"task:{task.id}:{task.owner_id}", now=now)
                self._on_outbox()
            # Without an application there is nobody to tell it through; the list shows it.
            await self._rounds.told(task, now=now)
