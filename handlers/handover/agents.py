"""The chat of staff who serve: duty, offers, replies that name their customer, and those that do not yet.

A reply goes to the customer whose number it begins with, and to no other. Words without a number, and pictures, which
bear none, are held while somebody is served: a card asks whose they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from content.messages import CardReply, ImageReply, TextReply, decode_inbound
from content.value import value
from handlers.clock import Clock
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, Reply, Turn
from handlers.handover.agent_words import (
    CLOSE_WORDS,
    LIST_KEY,
    LIST_WORDS,
    MARKED,
    OFF_DUTY_KEY,
    OFF_DUTY_WORDS,
    ON_DUTY_KEY,
    ON_DUTY_WORDS,
    PASS_WORDS,
    TAKE_WORDS,
    could_be_reply,
    is_step,
    may_serve,
    reply_of,
    says,
    tapped,
)
from handlers.handover.choice import serves
from handlers.handover.duty_desk import Begun, DutyDesk
from handlers.handover.post import Post, given
from handlers.handover.serving import Replied, Serving, ServingDesk, Told
from handlers.handover.wording import PASS, SEND_TO, TAKE, HandoverWording
from handlers.people.rights import viewer_of
from storage.handover_rows import HandoverRow
from storage.handover_talk import HandoverTalk, Hold, Place
from storage.handovers import Accepted, Handovers
from storage.letters import Letter
from storage.organisation import Organisation
from storage.records import AccountRow
from storage.tables.handover import HandoverState

#: How many of a customer's words stand on the card that asks.
_LAST_SAID: Final = 1


@value
class _Agent:
    """Who writes: a member of staff who serves."""

    id: int
    serving: Serving


class AgentDesk:
    """What staff who serve say in the application. Its routes wait for the database, so they are declared so."""

    def __init__(
        self,
        *,
        desk: ServingDesk,
        duty: DutyDesk,
        handovers: Handovers,
        talk: HandoverTalk,
        organisation: Organisation,
        post: Post,
        accounts: Mapping[str, AccountRow],
        wording: HandoverWording,
        version: str,
        clock: Clock,
        on_outbox: Callable[[], None],
    ) -> None:
        """`accounts`: the applications of staff, by name."""
        self._desk = desk
        self._duty = duty
        self._handovers = handovers
        self._talk = talk
        self._organisation = organisation
        self._post = post
        self._accounts = accounts
        self._wording = wording
        self._version = version
        self._clock = clock
        self._on_outbox = on_outbox

    # Which route takes a message

    def is_duty(self, turn: Turn) -> bool:
        """Tell whether somebody comes on duty or goes off it."""
        return may_serve(turn) and says(turn, ON_DUTY_WORDS | OFF_DUTY_WORDS, (ON_DUTY_KEY, OFF_DUTY_KEY))

    def is_list(self, turn: Turn) -> bool:
        """Tell whether somebody asks whom they serve."""
        return may_serve(turn) and says(turn, LIST_WORDS, (LIST_KEY,))

    def is_step(self, turn: Turn) -> bool:
        """Tell whether somebody accepts, passes on or closes, by a tap or in words."""
        return may_serve(turn) and is_step(turn)

    def is_numbered(self, turn: Turn) -> bool:
        """Tell whether words begin with a customer's number."""
        return may_serve(turn) and MARKED.fullmatch(turn.text) is not None

    def is_unnumbered(self, turn: Turn) -> bool:
        """Tell whether it could be a reply that names nobody."""
        return may_serve(turn) and could_be_reply(turn)

    # What becomes of it

    async def duty(self, turn: Turn) -> Outcome | NotHandled:
        """Begin or end a time on duty; whom they served goes back into the line."""
        agent = await self._agent(turn)
        if agent is None:
            return NOT_HANDLED
        viewer = agent.serving.viewer
        if says(turn, ON_DUTY_WORDS, (ON_DUTY_KEY,)):
            begun = await self._duty.begin(viewer)
            if begun is Begun.NOT_OPEN:
                return self._say("not_open", opening=self._wording.opening(self._clock.now()))
            return self._say("on_duty" if begun is Begun.DONE else "on_duty_before")
        returned = await self._duty.end(viewer)
        return self._say("off_duty_before") if returned is None else self._say("off_duty", count=str(returned))

    async def listed(self, turn: Turn) -> Outcome | NotHandled:
        """List whom somebody serves and is offered."""
        agent = await self._agent(turn)
        if agent is None:
            return NOT_HANDLED
        rows = await self._desk.mine(agent.serving.viewer)
        listed = [(row, self._post.title_of(row), await self._last_words(row)) for row in rows]
        await self._talk.note_repeated(self._place(turn), [row.id for row in rows])
        return self._reply(self._wording.listed(listed))

    async def step(self, turn: Turn) -> Outcome | NotHandled:
        """Accept, pass on, close, or give held words to a customer."""
        agent = await self._agent(turn)
        if agent is None:
            return NOT_HANDLED
        tap = tapped(turn)
        if tap is not None and tap[0] == SEND_TO:
            return await self._send_held(agent, hold_id=tap[1], handover_id=tap[2])
        if tap is not None:
            steps: dict[str, Callable[[_Agent, int], Awaitable[Outcome]]] = {TAKE: self._take, PASS: self._decline}
            return await steps[tap[0]](agent, tap[1])
        if (found := TAKE_WORDS.fullmatch(turn.text)) is not None:
            return await self._take(agent, int(found[1]))
        if (found := CLOSE_WORDS.fullmatch(turn.text)) is not None:
            return await self._close(agent, int(found[1]))
        found = PASS_WORDS.fullmatch(turn.text)
        return NOT_HANDLED if found is None else await self._transfer(turn, agent, int(found[1]), found[2])

    async def numbered(self, turn: Turn) -> Outcome | NotHandled:
        """Send words to the customer whose number they begin with."""
        agent = await self._agent(turn)
        found = MARKED.fullmatch(turn.text)
        if agent is None or found is None:
            return NOT_HANDLED
        row = await self._handovers.get(int(found[1]))
        if row is None or row.staff_id != agent.id or row.state is not HandoverState.RUNNING:
            return self._say("not_yours", id=found[1], name="")
        if not found[2].strip():
            return self._say("only_number", row)
        place = self._place(turn)
        key = f"{place.account_id}:{place.seq}"
        replied = await self._desk.reply(agent.serving, row, found[2].strip(), key=key, of=place)
        return self._told(row, replied)

    async def unnumbered(self, turn: Turn) -> Outcome | NotHandled:
        """Hold words that name nobody while somebody is served, and ask whose they are."""
        agent = await self._agent(turn)
        if agent is None:
            return NOT_HANDLED
        rows = [row for row in await self._desk.mine(agent.serving.viewer) if row.state is HandoverState.RUNNING]
        if not rows:
            return NOT_HANDLED
        rows = [row for row in rows if not self._post.is_platforms(row.account_id)]
        if not rows:
            return self._say("all_there")
        if reply_of(turn.body, account=turn.account.name) is None:
            return self._say("only_words")
        shown = [(row, await self._last_words(row)) for row in rows]
        place, through = self._place(turn), self._accounts[turn.account.name]

        def asking(hold_id: int) -> list[Letter]:
            card = self._wording.hold(hold_id, shown, is_picture=not turn.fragments)
            return given(self._to_agent(agent, card, hold_id=hold_id, rows=rows, through=through))

        await self._talk.hold(place, staff_id=agent.id, letters_of=asking, accounts=[through.id], now=self._clock.now())
        self._on_outbox()
        return Outcome()

    def _to_agent(
        self, agent: _Agent, card: CardReply, *, hold_id: int, rows: list[HandoverRow], through: AccountRow
    ) -> Letter | None:
        repeats = tuple(row.id for row in rows)
        serving, key = agent.serving, f"handover:hold:{hold_id}"
        return self._post.to_staff(serving.realm, serving.userid, card, key=key, repeats=repeats, through=through)

    async def _send_held(self, agent: _Agent, *, hold_id: int, handover_id: int) -> Outcome:
        held = await self._talk.held(hold_id, staff_id=agent.id)
        row = await self._handovers.get(handover_id)
        said = None if held is None else self._held_reply(held)
        if held is None or row is None or said is None:
            return self._say("not_yours", id=str(handover_id), name="")
        place = Place(account_id=held.account_id, seq=held.seq)
        replied = await self._desk.reply(
            agent.serving, row, said, key=f"{held.account_id}:{held.seq}", of=place, hold_id=hold_id
        )
        return self._told(row, replied)

    def _held_reply(self, held: Hold) -> str | ImageReply | None:
        """Return the words or the picture that were held; None when they were destroyed."""
        account = next((row.name for row in self._accounts.values() if row.id == held.account_id), None)
        if held.fields is None or account is None:
            return None
        return reply_of(decode_inbound(held.kind, held.fields), account=account)

    async def _take(self, agent: _Agent, handover_id: int) -> Outcome:
        accepted, row = await self._desk.accept(agent.serving, handover_id)
        match accepted:
            case Accepted.DONE | Accepted.AGAIN:
                return Outcome()  # what was said last is on its way to them
            case Accepted.NOT_ON_DUTY:
                return self._say("not_on_duty", row)
            case _:
                return self._say("gone", row, **_numbered(row, handover_id))

    async def _decline(self, agent: _Agent, handover_id: int) -> Outcome:
        done, row = await self._desk.decline(agent.serving.viewer, handover_id)
        return self._say("passed" if done else "gone", row, **_numbered(row, handover_id))

    async def _close(self, agent: _Agent, handover_id: int) -> Outcome:
        done, row = await self._desk.close(agent.serving.viewer, handover_id)
        return self._say("closed" if done else "not_yours", row, **_numbered(row, handover_id))

    async def _transfer(self, turn: Turn, agent: _Agent, handover_id: int, colleague: str) -> Outcome:
        named = [
            person
            for person in await self._duty.roster()
            if colleague in (person.name, person.userid) and person.staff_id != agent.id
        ]
        row = await self._handovers.get(handover_id)
        if row is None or row.staff_id not in (agent.id, *(person.staff_id for person in named)):
            return self._say("not_yours", row, **_numbered(row, handover_id))
        if len(named) != 1:
            return self._say("no_colleague", row, colleague=colleague)
        [to] = named
        done, row = await self._desk.transfer(
            agent.serving.viewer, handover_id, to=to.staff_id, realm=to.realm, userid=to.userid
        )
        return self._say("passed" if done else "not_yours", row, **_numbered(row, handover_id))

    def _told(self, row: HandoverRow, replied: Replied) -> Outcome:
        match replied.told:
            case Told.SENT:
                return self._say("sent", row, left=str(replied.left))
            case Told.REFUSED:
                return self._say("refused", row, reason=replied.reason)
            case Told.ELSEWHERE:
                return self._say("sent_before", row)
            case _:
                return self._say("not_yours", row)

    async def _last_words(self, row: HandoverRow) -> str:
        said = await self._talk.last_said(row, limit=_LAST_SAID, only_customer=True)
        return self._wording.words_in(said[-1].kind, said[-1].fields) if said else ""

    async def _agent(self, turn: Turn) -> _Agent | None:
        staff_id = await self._organisation.bound(turn.who.realm, turn.who.external_id)
        member = None if staff_id is None else await self._organisation.member(staff_id, now=self._clock.now())
        if member is None or not serves(member.role):
            return None
        return _Agent(id=member.id, serving=Serving(viewer=viewer_of(member), realm=member.realm, userid=member.userid))

    def _place(self, turn: Turn) -> Place:
        return Place(account_id=self._accounts[turn.account.name].id, seq=turn.seqs[-1])

    def _say(self, text: str, row: HandoverRow | None = None, **slots: str) -> Outcome:
        return self._reply(self._wording.staff(text, row, **slots))

    def _reply(self, words: str) -> Outcome:
        return Outcome(replies=(Reply(content=TextReply(content=words), content_version=self._version),))


def _numbered(row: HandoverRow | None, handover_id: int) -> dict[str, str]:
    """Return the slots of a handover that is not there."""
    return {} if row is not None else {"id": str(handover_id), "name": ""}
