"""One round of the line: what hours, offers, unfollowing and silence bring by themselves; a tick of the leader.

Every step is a conditional update with its letters in one transaction, so it may be done twice, or be cut off anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from content.customer_service import LONGEST_SESSION
from content.handover import Handover
from content.messages import TextReply
from handlers.clock import Clock
from handlers.delivery import carrying
from handlers.delivery.decision import SENTENCES, Reason
from handlers.delivery.retry import Cause
from handlers.handover.absence import Absence
from handlers.handover.choice import choose
from handlers.handover.post import Post, given
from handlers.handover.serving import ServingDesk
from handlers.handover.wording import HandoverWording
from storage.duty import Duties
from storage.handover_queue import HandoverQueue
from storage.handover_rows import HandoverRow
from storage.handovers import Handovers
from storage.letters import Letter
from storage.tables.handover import HandoverState, SessionStep

log = structlog.get_logger()

#: Deliveries of replies that ended so need no word to their author.
_ARRIVED = frozenset({"sent", "delivered"})


class HandoverRound:
    """Opens and shelves, sends back, offers, closes, tells places."""

    def __init__(
        self,
        authored: Handover,
        *,
        most: int,
        queue: HandoverQueue,
        handovers: Handovers,
        duties: Duties,
        absence: Absence,
        desk: ServingDesk,
        post: Post,
        wording: HandoverWording,
        clock: Clock,
        on_outbox: Callable[[], None],
    ) -> None:
        """`most`: so many customers one person has at once."""
        self._authored = authored
        self._most = most
        self._queue = queue
        self._handovers = handovers
        self._duties = duties
        self._absence = absence
        self._desk = desk
        self._post = post
        self._wording = wording
        self._clock = clock
        self._on_outbox = on_outbox

    async def run(self) -> None:
        """Do everything that is due now; with nobody waiting, served or on duty that is one look a second."""
        if not await self._queue.has_work():
            return
        await self._duties.end_of_leavers(now=self._clock.now())
        await self._unfollowed()
        is_open = self._authored.hours.is_open(self._clock.now())
        if is_open:
            await self._open()
        else:
            await self._shelve()
        await self._absence.send_back()
        await self._expire()
        if is_open:  # who comes back into the line after the hours is kept for the next opening
            await self._offer()
        await self._silence()
        await self._forgotten()
        await self._places()
        await self._ended()

    async def _open(self) -> None:
        for row in await self._queue.in_state(HandoverState.LEFT_MESSAGE):
            now, place = self._clock.now(), await self._handovers.place(row)
            said = self._wording.customer("opened", title=self._post.title_of(row), elder=row.elder, place=str(place))
            letters = given(self._post.to_customer(row, said, key=f"opened:{_stamp(now)}"))
            session = self._post.on_waiting(row.account_id)
            if await self._queue.unshelve(row, place=place, session=session, letters=letters, now=now):
                self._on_outbox()

    async def _shelve(self) -> None:
        """The hours are over: who still waits is kept for the next opening; who serves goes on to the end."""
        for row in await self._queue.in_state(HandoverState.WAITING):
            if row.session not in (None, SessionStep.GIVING):
                continue  # the platform has them in its own queue, or with a servicer of its own
            now = self._clock.now()
            said = self._wording.customer(
                "shelved", title=self._post.title_of(row), elder=row.elder, opening=self._wording.opening(now)
            )
            letters = given(self._post.to_customer(row, said, key=f"shelved:{_stamp(now)}"))
            if await self._queue.shelve(row, letters=letters, now=now):
                self._on_outbox()
        await self._duties.end_by_clock(now=self._clock.now())

    async def _expire(self) -> None:
        now = self._clock.now()
        for row in await self._queue.in_state(HandoverState.OFFERED):
            if row.until is None or row.until > now:
                continue
            words = TextReply(content=self._wording.staff("late", row))
            key = f"handover:{row.id}:late:{row.staff_id}:{_stamp(row.until)}"
            letter = self._post.to_staff(row.staff_realm or "", row.userid or "", words, key=key)
            if await self._queue.expire(row, letters=given(letter), now=now):
                log.info("Nobody took a handover in time.", action="handover_late", handover=row.id, staff=row.staff_id)
                self._on_outbox()

    async def _offer(self) -> None:
        now = self._clock.now()
        line, again_before = await self._queue.line(now=now), now - timedelta(minutes=self._authored.again_minutes)
        until = now + timedelta(seconds=self._authored.offer_seconds)
        offered: dict[int, int] = {}
        for row in line.waiting:
            if row.session in (SessionStep.POOLING, SessionStep.POOLED):
                continue  # the platform's own queue finds somebody
            person = choose(row, line, most=self._most, given=offered, again_before=again_before)
            if person is None:
                continue
            letter = self._desk.offer_letter(
                row, realm=person.realm, userid=person.userid, staff_id=person.staff_id, now=now
            )
            if letter is None:
                continue  # no application reaches them: they cannot have come on duty in one, either
            if await self._queue.offer(row, person.staff_id, until=until, most=self._most, letters=[letter], now=now):
                offered[person.staff_id] = offered.get(person.staff_id, 0) + 1
                self._on_outbox()

    async def _unfollowed(self) -> None:
        """Close what belongs to people who no longer follow the account: nothing reaches them there."""
        for row in await self._queue.of_unfollowers():
            letter = None
            if row.state in (HandoverState.OFFERED, HandoverState.RUNNING):
                words = TextReply(content=self._wording.staff("unfollowed", row))
                letter = self._post.to_staff(
                    row.staff_realm or "", row.userid or "", words, key=f"handover:{row.id}:unfollowed"
                )
            if await self._handovers.close(
                row, by="unfollowed", unfollowed=True, letters=given(letter), now=self._clock.now()
            ):
                self._on_outbox()

    async def _silence(self) -> None:
        now = self._clock.now()
        quiet_since = now - timedelta(minutes=self._authored.silence_minutes)
        for row in await self._queue.in_state(HandoverState.RUNNING):
            if row.last_at > quiet_since:
                continue
            over = self._wording.over(row, title=self._post.title_of(row))
            words = TextReply(content=self._wording.staff("silence", row))
            letters = given(
                self._post.to_customer(row, over, key="over"),
                self._post.to_staff(row.staff_realm or "", row.userid or "", words, key=f"handover:{row.id}:silence"),
            )
            if await self._handovers.close(row, by="silence", quiet_since=quiet_since, letters=letters, now=now):
                self._on_outbox()

    async def _forgotten(self) -> None:
        """Close what waits at a platform whose session is over by its age, though nobody told: the bot is back."""
        now = self._clock.now()
        for row in await self._queue.in_state(HandoverState.WAITING):
            if row.session is not None and row.session_at is not None and row.session_at <= now - LONGEST_SESSION:
                await self._handovers.close(row, by="platform", session_over=True, now=now)

    async def _places(self) -> None:
        """Tell who waits their place, when it has changed so that it matters, seldom enough."""
        for row in await self._queue.in_state(HandoverState.WAITING):
            if row.session not in (None, SessionStep.GIVING):
                continue
            place, now = await self._handovers.place(row), self._clock.now()
            if not self._matters(row, place, now=now):
                continue
            said = self._wording.customer("place", title=self._post.title_of(row), elder=row.elder, place=str(place))
            letter = self._post.to_customer(row, said, key=f"place:{row.notices}")
            if await self._queue.tell_place(row, place, letters=given(letter), now=now):
                self._on_outbox()

    def _matters(self, row: HandoverRow, place: int, *, now: datetime) -> bool:
        if row.place_told is None or row.place_told_at is None or row.notices >= self._authored.place_notices:
            return False
        if now - row.place_told_at < timedelta(seconds=self._authored.place_seconds):
            return False
        return place == 1 < row.place_told or place <= row.place_told - 3

    async def _ended(self) -> None:
        """Look at replies whose delivery has ended; who wrote one that did not arrive is told why."""
        for ended in await self._queue.ended_replies():
            letter: Letter | None = None
            if ended.state not in _ARRIVED:
                words = self._wording.staff("undelivered", ended.handover, reason=_reason(ended.state, ended.reason))
                letter = self._post.to_staff(
                    ended.realm, ended.userid, TextReply(content=words), key=f"undelivered:{ended.key}"
                )
                log.warning(
                    "A reply of staff did not arrive.",
                    action="handover_reply_undelivered",
                    handover=ended.handover.id,
                    state=ended.state,
                    reason=ended.reason,
                )
            if await self._queue.settle_reply(ended, letters=given(letter), now=self._clock.now()):
                self._on_outbox()


def _reason(state: str, reason: str | None) -> str:
    """Return why, in the governor's sentence when it was the governor."""
    word = (reason or "").partition(":")[0]
    if word in set(Reason):
        return SENTENCES[Reason(word)].zh
    if word in set(Cause) and Cause(word) in carrying.SENTENCES:
        return carrying.SENTENCES[Cause(word)].zh
    return "不知道是否送达，请不要重复发送。" if state == "unknown" else (reason or state)


def _stamp(now: datetime) -> str:
    return f"{now.timestamp():.6f}"
