"""Policies in chat: binding, a code to the phone, and answers from the source; nothing is said when it is down."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import Final

from content.callback import CALLBACK
from content.masking import mask
from content.messages import Text
from content.normal_form import normalise
from content.policy import PolicyBook
from content.policy_texts import PolicyTexts
from content.value import value
from handlers.callbacks.desk import CallbackDesk
from handlers.clock import Clock
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, Turn
from handlers.policies.codes import code_of, is_code
from handlers.policies.ports import CodeNotSent, CodeSender, PolicySource, SourceDown
from handlers.policies.wording import PolicyWording
from storage.policy_bindings import Check, PolicyBindings
from storage.tasks import MessageTask, Tasks

CAUSE: Final = "policy_source_down"
#: Name, policy number, last six of the identity number: a message of just these three is a wish to bind.
_CLAIM: Final = re.compile(r"\s*([一-鿿·]{2,20})[\s,，、;；]+([A-Za-z0-9-]{6,32})[\s,，、;；]+([0-9]{5}[0-9Xx])\s*")
_CODE: Final = re.compile(r"\s*([0-9]{6})\s*")


@value
class PolicyConfig:
    """How careful the room is."""

    #: Makes the codes; at least 32 bytes.
    key: bytes
    code_minutes: float = 5
    known_minutes: float = 15
    tries: int = 3
    #: Attempts to bind, and codes, in 24 hours.
    most: int = 5


class PolicyDesk:
    """What customers ask about their own policies. Its routes wait for the source, so they are declared so."""

    #: Messages that are turns of their own: nothing is joined to a code or to the three that bind.
    FORMS: Final = (_CODE, _CLAIM)

    def __init__(
        self,
        *,
        source: PolicySource,
        codes: CodeSender,
        bindings: PolicyBindings,
        tasks: Tasks,
        texts: PolicyTexts,
        phrasing: Phrasing,
        clock: Clock,
        config: PolicyConfig,
        callbacks: CallbackDesk,
        catch_all: int | None = None,
    ) -> None:
        self._source = source
        self._codes = codes
        self._bindings = bindings
        self._tasks = tasks
        self._texts = texts
        self._phrasing = phrasing
        self._clock = clock
        self._config = config
        self.callbacks = callbacks
        self._catch_all = catch_all
        self._wording = PolicyWording(texts)
        asks = texts.asks
        self._wishes = {
            normalise(phrase): wish for wish in ("policies", "renewals", "progress") for phrase in getattr(asks, wish)
        }
        self._bind = frozenset(map(normalise, asks.bind))
        self._unbind = frozenset(map(normalise, asks.unbind))

    def is_wish(self, turn: Turn) -> bool:
        """Tell whether a customer asks for something of their own."""
        return not turn.with_staff and self._wish_of(turn) is not None

    def _wish_of(self, turn: Turn) -> str | None:
        return self._wishes.get(turn.normal) or self.callbacks.hearing.wish(turn)

    async def wish(self, turn: Turn) -> Outcome | NotHandled:
        """Answer from the source, or ask for the second step first."""
        wish = self._wish_of(turn)
        if wish is None:
            return NOT_HANDLED
        holder = await self._bindings.holder_of(turn.who.customer_id)
        if holder is None:
            return self._say(turn, self._texts.not_bound)
        check = await self._bindings.check(turn.who.identity_id)
        try:
            if check is not None and self._is_known(check, holder):
                return await self._answer(turn, holder, wish)
            return await self._send_code(turn, holder, wish)
        except (SourceDown, CodeNotSent):
            return await self._down(turn)

    def is_bind(self, turn: Turn) -> bool:
        """Tell whether a customer asks how to bind."""
        return not turn.with_staff and turn.normal in self._bind

    async def how_to_bind(self, turn: Turn) -> Outcome | NotHandled:
        """Say what to send."""
        return self._say(turn, self._texts.how_to_bind)

    def is_claim(self, turn: Turn) -> bool:
        """Tell whether a customer's message is just the three things that bind."""
        return not turn.with_staff and isinstance(turn.body, Text) and _CLAIM.fullmatch(turn.body.content) is not None

    async def claim(self, turn: Turn) -> Outcome | NotHandled:
        """Bind when the source says that the three belong together. The numbers are not repeated."""
        found = _CLAIM.fullmatch(turn.body.content) if isinstance(turn.body, Text) else None
        if found is None:
            return NOT_HANDLED
        name, policy, id_tail = found.groups()
        if not await self._allow(turn, "bind"):
            return self._say(turn, self._texts.too_many)
        try:
            holder = await self._source.find(name=name, policy=policy, id_tail=id_tail.upper())
        except SourceDown:
            return await self._down(turn)
        if holder is None:
            return self._say(turn, self._texts.not_found)
        now = self._clock.now()
        await self._bindings.bind(turn.who.customer_id, holder.holder, cause="chat", now=now)
        return self._say(turn, self._texts.bound, name=name)

    def is_code(self, turn: Turn) -> bool:
        """Tell whether a customer's message is six digits."""
        return not turn.with_staff and isinstance(turn.body, Text) and _CODE.fullmatch(turn.body.content) is not None

    async def code(self, turn: Turn) -> Outcome | NotHandled:
        """Answer what was asked when the code is right; six digits that nobody waits for are somebody else's."""
        check = await self._bindings.check(turn.who.identity_id)
        holder = await self._bindings.holder_of(turn.who.customer_id)
        found = _CODE.fullmatch(turn.text)
        if check is None or found is None or holder != check.holder:
            return NOT_HANDLED
        now = self._clock.now()
        right = code_of(self._config.key, identity_id=turn.who.identity_id, seed=check.seed)
        if check.known_until is not None:
            # The turn of the right code, made anew after a kill; any other six digits are not for us.
            if now >= check.known_until or not is_code(found[1], right):
                return NOT_HANDLED
        elif now >= check.code_until + timedelta(minutes=self._config.code_minutes):
            # So long after its end nobody types it any more: six digits are for whoever is talked with.
            return NOT_HANDLED
        elif now >= check.code_until or check.tries >= self._config.tries:
            return self._say(turn, self._texts.code_over)
        elif not is_code(found[1], right):
            return await self._missed(turn, check)
        else:
            until = now + timedelta(minutes=self._config.known_minutes)
            await self._bindings.know(turn.who.identity_id, check.seed, until=until)
        try:
            return await self._answer(turn, holder, check.wish)
        except SourceDown:
            return await self._down(turn)

    def is_unbind(self, turn: Turn) -> bool:
        """Tell whether a customer wants the binding ended."""
        return not turn.with_staff and turn.normal in self._unbind

    async def unbind(self, turn: Turn) -> Outcome | NotHandled:
        """End it."""
        ended = await self._bindings.unbind(turn.who.customer_id, now=self._clock.now())
        return self._say(turn, self._texts.unbound if ended else self._texts.nothing_bound)

    def _is_known(self, check: Check, holder: str) -> bool:
        return check.holder == holder and check.known_until is not None and self._clock.now() < check.known_until

    async def _answer(self, turn: Turn, holder: str, wish: str) -> Outcome:
        book: PolicyBook = await self._source.book(holder)
        if wish.startswith(CALLBACK):
            return await self.callbacks.begin(turn, holder, book, wish)
        words = {
            "policies": self._wording.policies,
            "renewals": self._wording.renewals,
            "progress": self._wording.progress,
        }[wish](book, partial(self._phrasing.words, turn))
        # What the source writes into a status or a step is masked like everybody's words, and is no text with slots.
        words = mask(words)
        offer, options = await self.callbacks.offer(turn, book) if wish == "policies" else ("", ())
        words = f"{words}\n{offer}" if offer else words
        return Outcome(replies=(self._phrasing.told(turn, words, options),))

    async def _send_code(self, turn: Turn, holder: str, wish: str) -> Outcome:
        person = await self._source.holder(holder)
        if person is None:
            raise SourceDown("the bound holder is not in the source")
        if not person.phone:
            return self._say(turn, self._texts.no_phone)
        if not await self._allow(turn, "code"):
            return self._say(turn, self._texts.too_many)
        seed, minutes = turn.last.key, f"{self._config.code_minutes:g}"
        until = self._clock.now() + timedelta(minutes=self._config.code_minutes)
        await self._bindings.begin(turn.who.identity_id, holder=holder, seed=seed, until=until, wish=wish)
        code = code_of(self._config.key, identity_id=turn.who.identity_id, seed=seed)
        text = self._phrasing.words(turn, self._texts.code_message, code=code, minutes=minutes)
        await self._codes.send(person.phone, text, key=f"{turn.who.identity_id}:{seed}")
        return self._say(turn, self._texts.code_sent, tail=person.phone[-4:], minutes=minutes)

    async def _missed(self, turn: Turn, check: Check) -> Outcome:
        await self._bindings.miss(turn.who.identity_id, check.seed)
        left = self._config.tries - check.tries - 1
        if left <= 0:
            return self._say(turn, self._texts.code_over)
        return self._say(turn, self._texts.code_wrong, left=str(left))

    async def _allow(self, turn: Turn, kind: str) -> bool:
        return await self._bindings.allow(
            turn.who.identity_id, kind, key=turn.last.key, most=self._config.most, now=self._clock.now()
        )

    async def _down(self, turn: Turn) -> Outcome:
        """Say that nothing can be said, and let somebody see to it."""
        now = self._clock.now()
        task = MessageTask(
            cause=CAUSE,
            title=self._texts.task_title,
            customer_id=turn.who.customer_id,
            due_at=now + timedelta(minutes=self._texts.task_minutes),
            account=turn.account.name,
            message_key=turn.last.key,
            sent_at=turn.last.sent_at,
        )
        await self._tasks.open(task, now=now, catch_all=self._catch_all)
        return self._say(turn, self._texts.down)

    def _say(self, turn: Turn, text: str, **slots: str) -> Outcome:
        return Outcome(replies=(self._phrasing.say(turn, text, **slots),))
