"""What the platform tells of its sessions (kf), followed by the handovers beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from content.customer_service import LONGEST_SESSION
from content.messages import Outgoing
from handlers.clock import Clock
from handlers.handover.post import Post, given
from handlers.handover.wording import HandoverWording
from handlers.people.rights import viewer_of
from storage.handover_rows import HandoverRow
from storage.handover_sessions import HandoverSessions
from storage.handovers import Handovers
from storage.letters import Letter
from storage.organisation import Organisation
from storage.tables.handover import HandoverState
from storage.viewer import Viewer

log = structlog.get_logger()

#: A code of a session's end counts so long (WeCom doc 95122).
_CODE_LASTS: Final = timedelta(seconds=20)


class Following:
    """Lets handovers follow; a `handlers.conversation.ports.SessionEvents`. An event twice changes nothing more."""

    def __init__(
        self,
        *,
        handovers: Handovers,
        sessions: HandoverSessions,
        organisation: Organisation,
        realms: Mapping[int, str],
        post: Post,
        wording: HandoverWording,
        clock: Clock,
        on_outbox: Callable[[], None],
    ) -> None:
        """`realms`: by account the corporation whose members its servicers are."""
        self._handovers = handovers
        self._sessions = sessions
        self._organisation = organisation
        self._realms = realms
        self._post = post
        self._wording = wording
        self._clock = clock
        self._on_outbox = on_outbox

    async def taken(self, account_id: int, identity_id: int, *, by: str, at: datetime) -> None:
        """Give the handover to whoever took the customer at the platform."""
        row = await self._open(account_id, identity_id, at)
        if row is not None:
            await self.give(row, by, at=at)

    async def give(self, row: HandoverRow, by: str, *, at: datetime, letters: Sequence[Letter] = ()) -> None:
        """Give a handover to whoever has the session at the platform; `letters`: what whoever had it is told."""
        taken = await self._sessions.taken(
            row,
            by,
            viewer=await self._viewer(row.account_id, by),
            at=at,
            until=at + LONGEST_SESSION,
            letters=letters,
            now=self._clock.now(),
        )
        if taken:
            log.info("A servicer took a customer at the platform.", action="session_taken", handover=row.id)

    async def spoken(self, account_id: int, identity_id: int, *, by: str, at: datetime) -> None:
        """Note what a servicer says; who speaks to a customer who waits serves, also when nobody told how it began."""
        row = await self._open(account_id, identity_id, at)
        if row is None:
            return
        if row.state is not HandoverState.RUNNING and row.session is None:
            await self.give(row, by, at=at)
        first_reply = max(at, row.accepted_at or at)
        await self._sessions.spoken(row, first_reply=first_reply, now=self._clock.now())

    async def ended(self, account_id: int, identity_id: int, *, code: str | None, at: datetime) -> None:
        """Close the handover whose session has ended; the customer is asked how it was where the code still counts."""
        row, now = await self._open(account_id, identity_id, at), self._clock.now()
        if row is None or row.state is HandoverState.LEFT_MESSAGE:
            return  # a message that was left at night waits for people, not for a session
        counts = code is not None and now - at < _CODE_LASTS
        over = self._last_words(row, code) if counts else None
        letters = given(None if over is None else self._post.to_customer(row, over, key="over"))
        if await self._handovers.close(row, by="platform", session_over=True, letters=letters, now=now):
            log.info("A session ended at the platform.", action="session_over", handover=row.id)
            self._on_outbox()

    def _last_words(self, row: HandoverRow, code: str | None) -> Outgoing:
        """Return what ends it: who was never served is not asked how it was."""
        title = self._post.title_of(row)
        if row.accepted_at is None:
            return self._wording.customer("cancelled", title=title, elder=row.elder, code=code)
        return self._wording.over(row, title=title, code=code)

    async def _open(self, account_id: int, identity_id: int, at: datetime) -> HandoverRow | None:
        """Return the open handover that an event is about; None for one that happened before it took its last step.

        The platform's times are whole seconds.
        """
        row = await self._handovers.open_with(account_id, identity_id)
        if row is None or at < (row.session_at or row.opened_at).replace(microsecond=0):
            return None
        return row

    async def _viewer(self, account_id: int, userid: str) -> Viewer | None:
        staff_id = await self._organisation.bound(self._realms[account_id], userid)
        member = None if staff_id is None else await self._organisation.member(staff_id, now=self._clock.now())
        return None if member is None else viewer_of(member)
