"""What somebody who serves does with a handover, whatever they do it with: the chat of WeCom, the console.

Every method takes the viewer who acts, asks for the right, and leaves its row in the audit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from content.handover import Handover
from content.messages import ImageReply, Outgoing, Purpose, TextReply
from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.delivery.decision import Allow, Author, OutgoingFacts, Reason, Refuse, standing_of
from handlers.delivery.governor import Governor
from handlers.delivery.outlets import Outlet
from handlers.handover.pictures import pictures_before
from handlers.handover.post import Post, given
from handlers.handover.wording import HandoverWording
from handlers.people.rights import require
from storage.handover_rows import HandoverRow
from storage.handover_talk import HandoverTalk, Place, Sending
from storage.handovers import Accepted, Handovers
from storage.letters import Letter
from storage.tables.handover import HandoverState
from storage.viewer import Viewer

#: Ten turns: what the customer said and what was answered.
CONTEXT: Final = 20
_OFF: Final = "账号已停用。"


class Told(Enum):
    """What came of a reply."""

    SENT = "sent"
    NOT_YOURS = "not yours"
    ELSEWHERE = "elsewhere"
    #: The governor does not let it go.
    REFUSED = "refused"


@value
class Replied:
    """What came of a reply, how many may still be sent, and why it was refused."""

    told: Told
    left: int = 0
    reason: str = ""
    #: The reason's word (`handlers.delivery.decision.Reason`); "" for what is not the governor's.
    rule: str = ""


@value
class Serving:
    """A member of staff who acts: as a viewer, and by the name that WeCom knows."""

    viewer: Viewer
    realm: str
    userid: str


class ServingDesk:
    """Accepts, replies, passes on, closes."""

    def __init__(
        self,
        authored: Handover,
        *,
        handovers: Handovers,
        talk: HandoverTalk,
        post: Post,
        wording: HandoverWording,
        governor: Governor,
        outlets: Mapping[int, Outlet],
        clock: Clock,
        on_outbox: Callable[[], None],
    ) -> None:
        self._offer_time = timedelta(seconds=authored.offer_seconds)
        self._handovers = handovers
        self._talk = talk
        self._post = post
        self._wording = wording
        self._governor = governor
        self._outlets = outlets
        self._clock = clock
        self._on_outbox = on_outbox

    async def mine(self, viewer: Viewer) -> list[HandoverRow]:
        """Return what the viewer serves or is offered. Raises Forbidden."""
        require(viewer, Permission.HANDOVERS_SERVE)
        return [] if viewer.staff_id is None else await self._handovers.served_by(viewer.staff_id)

    async def accept(self, who: Serving, handover_id: int) -> tuple[Accepted, HandoverRow | None]:
        """Let somebody serve; they are given what was said last, the customer hears who is there. Raises Forbidden."""
        require(who.viewer, Permission.HANDOVERS_SERVE)
        row = await self._handovers.get(handover_id)
        if row is None:
            return Accepted.GONE, None
        now, title = self._clock.now(), self._post.title_of(row)
        session = self._post.on_accepting(row.account_id)
        said = await self._talk.last_said(row, limit=CONTEXT)
        context = self._wording.context(row, said, title=title, is_there=session is not None)
        key = f"accepted:{who.viewer.staff_id}:{_stamp(now)}"
        # Where staff serve at the platform, they see pictures there.
        shown = pictures_before(row, said, wording=self._wording, now=now) if session is None else []

        def to_them(content: Outgoing, what: str) -> Letter | None:
            key = f"handover:{row.id}:{what}:{who.viewer.staff_id}:{_stamp(now)}"
            return self._post.to_staff(who.realm, who.userid, content, key=key, repeats=(row.id,))

        letters = given(
            # Where the platform has sessions, it is said once it has given this one to them.
            self._post.to_customer(
                row, self._wording.customer("accepted", title=title, elder=row.elder, staff=who.viewer.name), key=key
            )
            if session is None
            else None,
            to_them(TextReply(content=context), "context"),
            *(to_them(content, f"before:{n}") for n, content in enumerate(shown)),
        )
        accepted = await self._handovers.accept(row, viewer=who.viewer, session=session, letters=letters, now=now)
        self._on_outbox()
        return accepted, row

    async def decline(self, viewer: Viewer, handover_id: int) -> tuple[bool, HandoverRow | None]:
        """Put an offer back into the line. Raises Forbidden."""
        require(viewer, Permission.HANDOVERS_SERVE)
        row = await self._handovers.get(handover_id)
        done = row is not None and await self._handovers.decline(row, viewer=viewer, now=self._clock.now())
        return done, row

    async def transfer(
        self, viewer: Viewer, handover_id: int, *, to: int, realm: str, userid: str
    ) -> tuple[bool, HandoverRow | None]:
        """Offer what somebody has to a colleague on duty. Raises Forbidden."""
        require(viewer, Permission.HANDOVERS_SERVE)
        row, now = await self._handovers.get(handover_id), self._clock.now()
        if row is None:
            return False, None
        letter = self.offer_letter(row, realm=realm, userid=userid, staff_id=to, now=now)
        until = now + self._offer_time
        done = await self._handovers.transfer(row, to, viewer=viewer, until=until, letters=given(letter), now=now)
        self._on_outbox()
        # A turn that is made anew finds what it did.
        return done or (row.state is HandoverState.OFFERED and row.staff_id == to), row

    async def close(self, viewer: Viewer, handover_id: int) -> tuple[bool, HandoverRow | None]:
        """End what somebody serves; the customer hears that the bot is back, and is asked. Raises Forbidden."""
        require(viewer, Permission.HANDOVERS_SERVE)
        row, now = await self._handovers.get(handover_id), self._clock.now()
        if row is None:
            return False, None
        over = self._post.to_customer(row, self._wording.over(row, title=self._post.title_of(row)), key="over")
        done = await self._handovers.close(row, by="staff", viewer=viewer, letters=given(over), now=now)
        self._on_outbox()
        return done or (row.closed_by == "staff" and row.staff_id == viewer.staff_id), row

    async def reply(
        self,
        who: Serving,
        handover: HandoverRow,
        said: str | ImageReply,
        *,
        key: str,
        of: Place | None = None,
        hold_id: int | None = None,
    ) -> Replied:
        """Send somebody's words, or picture, to the customer of a handover that they serve, once a `key`.

        Raises Forbidden.

        `of`: their own message in the log, if it is one.
        """
        require(who.viewer, Permission.HANDOVERS_SERVE)
        content = TextReply(content=said) if isinstance(said, str) else said
        letter = self._post.to_customer(
            handover, replace(content, by=who.userid), key=f"reply:{key}", author=Author.PERSON
        )
        if letter is not None and await self._talk.was_sent(letter.key):
            return Replied(told=Told.SENT, left=(await self.allowed(handover))[1])
        if handover.state is not HandoverState.RUNNING or handover.staff_id != who.viewer.staff_id:
            return Replied(told=Told.NOT_YOURS)
        if self._post.is_platforms(handover.account_id):
            there = self._wording.staff("answer_there")
            return Replied(told=Told.REFUSED, reason=there, rule=Reason.SERVED_BY_PERSON)
        now = self._clock.now()
        held, left = await self._allowed(handover, said if isinstance(said, str) else "", now=now)
        if letter is None or held is not None:
            return held or Replied(told=Told.REFUSED, reason=_OFF)
        sent = await self._talk.reply(handover, letter, viewer=who.viewer, of=of, hold_id=hold_id, now=now)
        self._on_outbox()
        match sent:
            case Sending.SENT:
                return Replied(told=Told.SENT, left=max(0, left - 1))
            case Sending.ELSEWHERE:
                return Replied(told=Told.ELSEWHERE)
            case _:
                return Replied(told=Told.NOT_YOURS)

    async def standing(self, handover: HandoverRow) -> HandoverRow:
        """Return a handover as it stands now, for whoever saw or changed it just before."""
        return await self._handovers.get(handover.id) or handover

    async def allowed(self, handover: HandoverRow) -> tuple[str, int]:
        """Return why no reply may leave now ("" when one may), and how many the customer's last act still allows."""
        held, left = await self._allowed(handover, "", now=self._clock.now())
        return ("", left) if held is None else (held.reason, 0)

    def offer_letter(
        self, handover: HandoverRow, *, realm: str, userid: str, staff_id: int, now: datetime
    ) -> Letter | None:
        """Return the card with which somebody is offered a handover."""
        title, seconds = self._post.title_of(handover), int(self._offer_time.total_seconds())
        card = self._wording.offer(handover, title=title, seconds=seconds, now=now)
        key = f"handover:{handover.id}:offer:{staff_id}:{_stamp(now)}"
        return self._post.to_staff(realm, userid, card, key=key)

    async def _allowed(self, handover: HandoverRow, words: str, *, now: datetime) -> tuple[Replied | None, int]:
        """Return why the governor would hold a reply back (None when it would not), and how many it would let go."""
        person, under_way = await self._talk.reach(handover)
        outlet = self._outlets.get(handover.account_id)
        if outlet is None:
            return Replied(told=Told.REFUSED, reason=_OFF), 0
        standing = standing_of(replace(person, quota_left=max(0, person.quota_left - under_way)))
        facts = OutgoingFacts(
            purpose=Purpose.SERVICE,
            by=Author.PERSON,
            channel=outlet.channel_name,
            audience=outlet.audience,
            apis=tuple(api.name for api in outlet.apis),
            text_bytes=len(words.encode()),
        )
        ruling, left = self._governor.decide(facts, standing, now=now), standing.quota.at(now)
        if isinstance(ruling, Allow):
            return None, left
        detail = f"（{ruling.detail}）" if isinstance(ruling, Refuse) and ruling.detail else ""
        return Replied(told=Told.REFUSED, reason=ruling.sentence.zh + detail, rule=ruling.reason), left


def _stamp(now: datetime) -> str:
    return f"{now.timestamp():.6f}"
