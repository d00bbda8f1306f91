"""A customer who asks for a person: into the line, silence of the bot while somebody serves, and back again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from content.handover import Handover
from content.messages import (
    Image,
    InboundBody,
    Link,
    Location,
    MenuClick,
    Outgoing,
    Text,
    TextReply,
    Video,
    Voice,
    encode_body,
)
from content.normal_form import normalise
from handlers.clock import Clock
from handlers.conversation.menu import typed_option
from handlers.conversation.routing import Handler, Matcher
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, Reply, Turn
from handlers.handover.choice import serves
from handlers.handover.post import Post, given
from handlers.handover.wording import RATE, HandoverWording
from storage.duty import Duties
from storage.handover_rows import HandoverRow
from storage.handover_talk import HandoverTalk
from storage.handovers import Handovers
from storage.letters import Letter
from storage.records import AccountRow
from storage.tables.handover import HandoverState

_SCORE: Final = re.compile(rf"{RATE}\.(\d{{1,15}})\.([1-5])")
#: A choice of what is allowed: it counts whatever else goes on.
Choice = tuple[Matcher, Handler]
#: What a person says or shows; other events are done, not said.
_SAID: Final = (Text, Voice, Image, Video, Location, Link, MenuClick)
_SILENT: Final = frozenset({HandoverState.WAITING, HandoverState.OFFERED, HandoverState.RUNNING})


class CustomerDesk:
    """What customers say around a handover. Its routes wait for the database, so they are declared so."""

    def __init__(
        self,
        authored: Handover,
        *,
        handovers: Handovers,
        talk: HandoverTalk,
        duties: Duties,
        post: Post,
        accounts: Mapping[str, AccountRow],
        wording: HandoverWording,
        version: str,
        clock: Clock,
        on_outbox: Callable[[], None],
    ) -> None:
        """`accounts`: those whose customers can be handed over, by name."""
        self._authored = authored
        self._ending = frozenset(map(normalise, authored.ending))
        self._handovers = handovers
        self._talk = talk
        self._duties = duties
        self._post = post
        self._accounts = accounts
        self._wording = wording
        self._version = version
        self._clock = clock
        self._on_outbox = on_outbox

    # Which route takes a message

    def is_talk(self, turn: Turn) -> bool:
        """Tell whether a customer says something while they wait or are served: the bot is silent then."""
        open_ = turn.standing.handover
        return not turn.with_staff and open_ is not None and open_.state in _SILENT and isinstance(turn.body, _SAID)

    def is_score(self, turn: Turn) -> bool:
        """Tell whether the closing question is answered, by a tap or a digit."""
        return not turn.with_staff and _scored(turn) is not None

    def is_asked(self, turn: Turn) -> bool:
        """Tell whether a person is asked for, or one who left a message says more about that."""
        if turn.with_staff or not self._is_served(turn):
            return False
        if turn.standing.served_until is not None and turn.standing.served_until > turn.now:
            return False  # they talk with a person at the platform already
        if self._asks(turn):
            return True
        return turn.standing.handover is not None and turn.normal in self._ending

    def is_left(self, turn: Turn) -> bool:
        """Tell whether it is said to people who are not there yet; the last but for what the bot can answer."""
        return not turn.with_staff and turn.standing.handover is not None and isinstance(turn.body, _SAID)

    # What becomes of it

    async def talk(self, turn: Turn, choices: Sequence[Choice]) -> Outcome | NotHandled:
        """Give what is said to whoever serves; a choice of what is allowed counts all the same, and is confirmed."""
        open_ = turn.standing.handover
        row = None if open_ is None else await self._handovers.get(open_.id)
        if row is None or row.state is HandoverState.CLOSED:
            return NOT_HANDLED  # it ended between the recording and now
        if turn.normal in self._ending:
            return await self._end(turn, row)
        if row.state is HandoverState.RUNNING:
            # At the platform whoever serves sees it themselves.
            await self._relay(turn, row, unheard=not self._post.is_platforms(row.account_id))
        made = await _chosen(turn, choices)
        if made is not None:
            return made
        if row.state is not HandoverState.RUNNING and row.session is None and self._asks(turn):
            return self._say(turn, await self._place(turn, row))
        return Outcome()

    async def ask(self, turn: Turn) -> Outcome | NotHandled:
        """Put somebody into the line, or take a message while nobody is there."""
        account = self._accounts.get(turn.account.name)
        if account is None or not turn.seqs:
            return NOT_HANDLED
        now = self._clock.now()
        open_ = turn.standing.handover
        if open_ is not None and turn.normal in self._ending:
            row = await self._handovers.get(open_.id)
            return NOT_HANDLED if row is None else await self._end(turn, row)
        state = HandoverState.WAITING if self._authored.hours.is_open(now) else HandoverState.LEFT_MESSAGE
        row, place = await self._handovers.open(
            account_id=account.id,
            identity_id=turn.who.identity_id,
            seq=turn.seqs[-1],
            state=state,
            session=self._post.on_waiting(account.id) if state is HandoverState.WAITING else None,
            now=now,
        )
        if row.session is not None:
            return Outcome()  # it is said once the platform has taken the customer into its queue
        return self._say(turn, await self._place(turn, row, place=place))

    async def left(self, turn: Turn) -> Outcome | NotHandled:
        """Say that what is written now will be read by people."""
        return self._say(turn, self._customer(turn, "noted", opening=self._wording.opening(self._clock.now())))

    async def score(self, turn: Turn) -> Outcome | NotHandled:
        """Keep the answer to the closing question, once."""
        scored = _scored(turn)
        if scored is None:
            return NOT_HANDLED
        number, score = scored
        kept = await self._handovers.rate(number, identity_id=turn.who.identity_id, score=score, now=self._clock.now())
        return self._say(turn, self._customer(turn, "rated" if kept else "rated_before"))

    def _is_served(self, turn: Turn) -> bool:
        account = self._accounts.get(turn.account.name)
        return account is not None and self._post.serves(account.id)

    def _asks(self, turn: Turn) -> bool:
        body = turn.body
        if isinstance(body, MenuClick):
            return body.key in self._authored.asking.keys
        if isinstance(body, Text) and body.option is not None:
            return body.option in self._authored.asking.keys
        if _typed(turn) in self._authored.asking.keys:
            return True
        return any(self._authored.asking.asks(fragment.normal) for fragment in turn.fragments)

    async def _end(self, turn: Turn, row: HandoverRow) -> Outcome:
        """Close by the customer's wish; who was served is asked how it was, and whoever served hears of it."""
        now, was_served = self._clock.now(), row.state is HandoverState.RUNNING
        letter: Letter | None = None
        if row.state in (HandoverState.RUNNING, HandoverState.OFFERED):
            words = TextReply(content=self._wording.staff("left", row))
            key = f"handover:{row.id}:left"
            letter = self._post.to_staff(row.staff_realm or "", row.userid or "", words, key=key)
        await self._handovers.close(row, by="customer", letters=given(letter), now=now)
        self._on_outbox()
        if row.session is not None:
            return Outcome()  # it is said once the platform's session has ended
        if was_served or row.accepted_at is not None:
            return self._say(turn, self._wording.over(row, title=turn.account.title))
        return self._say(turn, self._customer(turn, "cancelled"))

    async def _relay(self, turn: Turn, row: HandoverRow, *, unheard: bool) -> None:
        letters: list[Letter | None] = []

        def give(content: Outgoing | None, key: str) -> None:
            if content is not None:
                letters.append(
                    self._post.to_staff(row.staff_realm or "", row.userid or "", content, key=key, repeats=(row.id,))
                )

        for message, seq in zip(turn.messages, turn.seqs, strict=True) if unheard else ():
            kind, fields = encode_body(message.body)
            words = TextReply(content=self._wording.relayed(row, self._wording.words_in(kind, fields)))
            give(words, f"handover:{row.id}:said:{row.staff_id}:{seq}")
            # Behind the words, which say whose it is.
            give(self._wording.picture(row, message.body), f"handover:{row.id}:picture:{row.staff_id}:{seq}")
        if await self._talk.relay(row, given(*letters), now=self._clock.now()):
            self._on_outbox()

    async def _place(self, turn: Turn, row: HandoverRow, *, place: int | None = None) -> Outgoing:
        if row.state is HandoverState.LEFT_MESSAGE:
            return self._customer(turn, "closed_now", opening=self._wording.opening(self._clock.now()))
        place = await self._handovers.place(row) if place is None else place
        somebody = any(serves(person.role) for person in await self._duties.roster())
        return self._customer(turn, "queued" if somebody else "nobody", place=str(place))

    def _customer(self, turn: Turn, text: str, **slots: str) -> Outgoing:
        return self._wording.customer(text, title=turn.account.title, elder=turn.standing.elder, **slots)

    def _say(self, turn: Turn, content: Outgoing) -> Outcome:
        return Outcome(replies=(Reply(content=content, content_version=self._version),))


async def _chosen(turn: Turn, choices: Sequence[Choice]) -> Outcome | None:
    """Return what a choice of the customer changes and how it is confirmed; None when there is none."""
    for matches, handle in choices:
        made = await handle(turn) if matches(turn) else NOT_HANDLED
        if made is not NOT_HANDLED:
            # The rest of what was said is for the person who serves, not for the bot.
            return replace(made, replies=made.replies[:1])
    return None


def _typed(turn: Turn) -> str:
    typed = typed_option(turn)
    return typed.id if typed else ""


def _scored(turn: Turn) -> tuple[int, int] | None:
    """Return (handover, score) when the turn answers a closing question."""
    body: InboundBody = turn.body
    if not isinstance(body, Text):
        return None
    found = _SCORE.fullmatch(body.option or _typed(turn))
    return None if found is None else (int(found[1]), int(found[2]))
