"""Moving the platform's sessions (kf) as handovers need it: given to who accepted, put into its queue, ended.

Called by a tick of the leader. The platform is asked first how a session stands: what a killed process called before is
found done. What it refuses for good goes to the next person or back into the line; the rest is called again later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog

from content.customer_service import LONGEST_SESSION
from content.messages import TextReply
from handlers.clock import Clock
from handlers.conversation.ports import ServicerRefused, Session, Sessions, SessionState
from handlers.delivery.errors import ChannelError, Misconfigured, Rejected, Unreachable
from handlers.handover.following import Following
from handlers.handover.post import Post, given
from handlers.handover.wording import HandoverWording
from storage.handover_rows import HandoverRow
from storage.handover_sessions import HandoverSessions, Moving
from storage.handovers import Handovers
from storage.letters import Letter
from storage.tables.handover import SessionStep

log = structlog.get_logger()

#: After a call that failed the next comes so much later, twice as late after each further one.
_FIRST_PAUSE: Final = timedelta(seconds=2)
_LONGEST_PAUSE: Final = timedelta(minutes=1)


class SessionRound:
    """Makes the calls that are due."""

    def __init__(
        self,
        platforms: Mapping[int, Sessions],
        *,
        sessions: HandoverSessions,
        handovers: Handovers,
        following: Following,
        post: Post,
        wording: HandoverWording,
        clock: Clock,
        on_outbox: Callable[[], None],
    ) -> None:
        """`platforms`: by account what moves its sessions."""
        self._platforms = platforms
        self._sessions = sessions
        self._handovers = handovers
        self._following = following
        self._post = post
        self._wording = wording
        self._clock = clock
        self._on_outbox = on_outbox

    async def run(self) -> None:
        """Call about everything that is due now, side by side. Raises StorageError."""
        due = await self._sessions.moving(now=self._clock.now())
        outcomes = await asyncio.gather(*map(self._move, due), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _move(self, moving: Moving) -> None:
        row = moving.handover
        platform = self._platforms.get(row.account_id)
        if platform is None:  # the account is in the settings no more
            await self._sessions.put_off(row, until=self._clock.now() + _LONGEST_PAUSE)
            return
        if moving.is_followed:  # they have asked again: the session goes to whoever serves them now
            await self._sessions.ended(row, freed=False, now=self._clock.now())
            return
        steps = {SessionStep.GIVING: self._give, SessionStep.POOLING: self._pool, SessionStep.ENDING: self._end}
        session: Session | None = None
        try:
            session = await platform.state(row.person)
            await steps[SessionStep(row.session or "")](platform, session, moving)
        except (Rejected, Unreachable) as refusal:
            await self._refused(session, moving, refusal)
        except ChannelError as error:
            await self._put_off(row, error)

    async def _give(self, platform: Sessions, session: Session, moving: Moving) -> None:
        """Make the session that of whoever accepted."""
        row, code = moving.handover, None
        if session.state is SessionState.ENDED:
            await self._lost(row)
            return
        is_theirs = session.state is SessionState.PERSON and _is(session.staff, moving.servicer)
        if session.state is SessionState.PERSON and not is_theirs and not _is(session.staff, moving.served_by):
            # Somebody took the customer there meanwhile: the handover follows.
            letters = given(self._to_staff(row, "gone"))
            await self._following.give(row, session.staff or "-", at=self._clock.now(), letters=letters)
            return
        if not is_theirs:
            code = await platform.move(row.person, SessionState.PERSON, staff=moving.servicer)
        now = self._clock.now()
        letters = [] if code is None else given(self._accepted(row, code))
        if await self._sessions.held(row, by=moving.servicer, until=now + LONGEST_SESSION, letters=letters, now=now):
            log.info("A session was given to a servicer.", action="session_given", handover=row.id, staff=row.staff_id)
            self._on_outbox()

    async def _pool(self, platform: Sessions, session: Session, moving: Moving) -> None:
        """Put the session into the platform's own queue."""
        row, code = moving.handover, None
        if session.state is SessionState.PERSON:
            await self._following.give(row, session.staff or "-", at=self._clock.now())
            return
        if session.state is not SessionState.POOL:
            code = await platform.move(row.person, SessionState.POOL)
        said = (
            None
            if code is None
            else self._wording.customer("pooled", title=self._post.title_of(row), elder=row.elder, code=code)
        )
        letters = given(None if said is None else self._post.to_customer(row, said, key="pooled"))
        if await self._sessions.pooled(row, letters=letters, now=self._clock.now()):
            self._on_outbox()

    async def _end(self, platform: Sessions, session: Session, moving: Moving) -> None:
        """End the session of a closed handover, and say so to the customer while that is allowed."""
        row, code = moving.handover, None
        theirs = _is(session.staff, moving.servicer) or _is(session.staff, moving.served_by)
        if session.state is SessionState.POOL or (session.state is SessionState.PERSON and theirs):
            code = await platform.move(row.person, SessionState.ENDED)
        freed = session.state is not SessionState.PERSON or theirs
        may_say = code is not None or session.state in (SessionState.NEW, SessionState.BOT)
        letters = given(self._over(row, code) if may_say else None)
        if await self._sessions.ended(row, freed=freed, letters=letters, now=self._clock.now()):
            self._on_outbox()

    async def _refused(self, session: Session | None, moving: Moving, refusal: ChannelError) -> None:
        """Let a refusal that stays have its outcome."""
        row, now = moving.handover, self._clock.now()
        log.warning(
            "The platform refused to move a session.",
            action="session_refused",
            handover=row.id,
            step=row.session,
            code=refusal.code,
            detail=str(refusal),
        )
        match row.session:
            case SessionStep.GIVING if isinstance(refusal, Unreachable):
                await self._lost(row)
            case SessionStep.GIVING:
                is_held = session is not None and session.state is SessionState.PERSON
                text = "session_not_yours" if isinstance(refusal, ServicerRefused) else "session_refused"
                letters = given(self._to_staff(row, text))
                await self._sessions.refused(
                    row, back_to=SessionStep.HELD if is_held else None, letters=letters, now=now
                )
            case SessionStep.POOLING:
                place = await self._handovers.place(row)
                said = self._wording.customer(
                    "queued", title=self._post.title_of(row), elder=row.elder, place=str(place)
                )
                letters = given(self._post.to_customer(row, said, key="to_line", free=True))
                await self._sessions.to_line(row, place=place, letters=letters, now=now)
            case _:
                await self._sessions.ended(row, freed=False, now=now)
        self._on_outbox()

    async def _lost(self, row: HandoverRow) -> None:
        """Close what the platform has ended before it could be given: only the customer's next word begins anew."""
        letters = given(self._to_staff(row, "session_over"))
        await self._handovers.close(row, by="platform", session_over=True, letters=letters, now=self._clock.now())
        self._on_outbox()

    async def _put_off(self, row: HandoverRow, error: ChannelError) -> None:
        pause = min(_FIRST_PAUSE * 2 ** min(row.session_tries, 10), _LONGEST_PAUSE)
        pause = _LONGEST_PAUSE if isinstance(error, Misconfigured) else pause
        until = self._clock.now() + pause
        log.warning(
            "The platform could not be asked to move a session; it is asked again.",
            action="session_put_off",
            handover=row.id,
            step=row.session,
            again_at=until.isoformat(),
            code=error.code,
            detail=str(error),
        )
        await self._sessions.put_off(row, until=until)

    def _accepted(self, row: HandoverRow, code: str) -> Letter | None:
        said = self._wording.customer(
            "accepted", title=self._post.title_of(row), elder=row.elder, code=code, staff=row.staff or ""
        )
        return self._post.to_customer(
            row, said, key=f"held:{row.staff_id}:{(row.session_at or row.last_at).timestamp()}"
        )

    def _over(self, row: HandoverRow, code: str | None) -> Letter | None:
        title = self._post.title_of(row)
        if row.accepted_at is None:
            cancelled = self._wording.customer("cancelled", title=title, elder=row.elder, code=code)
            return self._post.to_customer(row, cancelled, key="over", free=True)
        return self._post.to_customer(row, self._wording.over(row, title=title, code=code), key="over", free=True)

    def _to_staff(self, row: HandoverRow, text: str) -> Letter | None:
        words = TextReply(content=self._wording.staff(text, row))
        key = f"handover:{row.id}:{text}:{row.staff_id}:{(row.session_at or row.last_at).timestamp()}"
        return self._post.to_staff(row.staff_realm or "", row.userid or "", words, key=key)


def _is(staff: str | None, other: str | None) -> bool:
    """Tell whether two userids are one: WeCom does not tell them apart by case."""
    return staff is not None and other is not None and staff.lower() == other.lower()
