"""Telling customers that another agent looks after them now: once a customer and change, when they can be reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from content.messages import Outgoing, Purpose, TextReply, encode_body
from content.slots import fill
from handlers.clock import Clock
from handlers.conversation.accounts import ServedAccount
from handlers.conversation.elder_form import ElderForm
from storage.leave_notices import LeaveNotices, notice_key
from storage.mailbox import Mailbox
from storage.records import ReplyDraft

log = structlog.get_logger()


class Notices:
    """Called by a tick of the leader; every step may be done twice."""

    def __init__(
        self,
        *,
        notices: LeaveNotices,
        mailbox: Mailbox,
        accounts: Mapping[int, ServedAccount],
        text: str,
        form: ElderForm,
        version: str,
        least: int,
        clock: Clock,
        on_outbox: Callable[[], None],
    ) -> None:
        """`text` has the slots `{left}`, `{owner}`, `{account}` and `{hotline}`; `form` shortens it for the elderly.

        `least`: so many messages the platform must still allow, for some of them are kept for a person.
        """
        self._notices = notices
        self._mailbox = mailbox
        self._accounts = accounts
        self._text = text
        self._form = form
        self._version = version
        self._least = least
        self._clock = clock
        self._on_outbox = on_outbox

    async def run(self) -> int:
        """Put the message into the outbox for whoever can be reached now; return for how many."""
        now = self._clock.now()
        told = 0
        for notice in await self._notices.reachable(self._accounts.keys(), least=self._least, now=now):
            served = self._accounts[notice.account_id]
            slots = {
                "left": notice.left,
                "owner": notice.owner,
                "account": served.info.title,
                "hotline": served.info.hotline,
            }
            content: Outgoing = TextReply(content=fill(self._text, slots))
            if notice.elder:
                content = self._form.of(content, short=fill(self._form.short_of(self._text), slots))
            kind, fields = encode_body(content)
            draft = ReplyDraft(
                kind=kind,
                fields=fields,
                purpose=Purpose.SERVICE,
                content_version=self._version,
            )
            # The key makes it one message, also when a kill comes between the outbox and the note of it.
            await self._mailbox.post(served.row, notice.external_id, draft, key=notice_key(notice.task_id), now=now)
            await self._notices.posted(notice, now=now)
            told += 1
        if told:
            log.info("Customers are told of their new agent.", action="new_agent_told", customers=told)
            self._on_outbox()
        return told
