"""What becomes of one turn: asked of the routes, and drafted for the one transaction that writes it.

Most answers need nothing but the message and what recording it has told. Those are given at once, inside the very
transaction that records the message (`now`); what must be waited for (a model, another system, a look into the log) is
asked outside of it, while the conversation is held (`outcome`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from content.messages import Inbound, InboundBody, Purpose
from handlers.clock import Clock
from handlers.conversation.accounts import Answers, ConversationConfig, ServedAccount
from handlers.conversation.commands import Commands
from handlers.conversation.drafts import (
    attribution_drafts,
    consent_drafts,
    elder_draft,
    preference_drafts,
    reply_drafts,
)
from handlers.conversation.elder_form import ElderForm
from handlers.conversation.folding import fold
from handlers.conversation.notice import FirstNotice
from handlers.conversation.routing import Route, first_at_once, first_match
from handlers.conversation.standing import Standings, as_customer
from handlers.conversation.turn import STAFF_CHANNELS, Outcome, Standing, Turn, can_join, never_joins
from handlers.delivery.apis import PASSIVE, Audience
from handlers.delivery.decision import Allow, Author, OutgoingFacts, standing_of
from handlers.delivery.governor import Governor
from storage.records import Handled, Lease, Pending, Person, Way

log = structlog.get_logger()


class Turns:
    """Makes outcomes of turns and drafts of outcomes."""

    def __init__(
        self,
        *,
        routes: Sequence[Route],
        standings: Standings,
        accounts: Mapping[int, ServedAccount],
        governor: Governor,
        apology: Callable[[Turn], Outcome],
        elder_form: ElderForm | None = None,
        notice: FirstNotice | None = None,
        commands: Commands | None = None,
        clock: Clock,
        config: ConversationConfig,
    ) -> None:
        self._routes = routes
        self._standings = standings
        self._accounts = accounts
        self._governor = governor
        self._apology = apology
        self._elder_form = elder_form
        self._notice = notice
        self._commands = commands or Commands()
        self._clock = clock
        self._lease = timedelta(seconds=config.lease)
        #: What the governor is asked about an HTTP answer, by channel and purpose: the same for every person.
        self._facts: dict[tuple[str, Purpose], OutgoingFacts] = {}

    async def outcome(self, person: Person, items: Sequence[Pending]) -> Outcome:
        """Return what the routes make of a turn; one that fails apologises instead of leaving the person waiting."""
        messages = tuple([item.inbound for item in items])
        standing = await self._standings.of(person, [message.body for message in messages])
        turn = self._turn(person, messages, standing, seqs=tuple([item.seq for item in items]))
        try:
            answered = await first_match(self._routes, turn)
        except Exception:
            log.exception("A route failed.", action="route_failed", account=turn.account.name)
            served = person.is_served(self._clock.now())
            return Outcome() if served else self._shortened(person, self._apology(turn))
        return self._closed(person, turn, answered.outcome)

    def now(self, person: Person, message: Inbound, *, until: datetime) -> Outcome | None:
        """Return what the routes make of a message by itself; None when that must be waited for, or it is past `until`.

        Raises what a route raises, and RuntimeError when one waits that does not say so.
        """
        standing = self._standings.now(person, message.body)
        if standing is None or self._clock.now() >= until:
            return None
        turn = self._turn(person, (message,), standing)
        answered = first_at_once(self._routes, turn)
        return None if answered is None else self._closed(person, turn, answered.outcome)

    def joining(self, account_id: int) -> Callable[[InboundBody], bool]:
        """Return what tells which messages of an account may join others in one turn.

        Each message of staff is a turn of its own: two commands, or replies to two customers, are never one. So is a
        customer's command: a consent taken back is not lost beside an export that is asked for.
        """
        return never_joins if self._accounts[account_id].info.channel in STAFF_CHANNELS else self._may_join

    def _may_join(self, body: InboundBody) -> bool:
        return can_join(body) and not self._commands.is_one(body)

    def drafted(
        self,
        lease: Lease,
        person: Person,
        items: Sequence[Pending],
        outcome: Outcome,
        *,
        joins: Callable[[InboundBody], bool],
        awaited: bool,
    ) -> Handled:
        """Return what is to be written of a turn. `awaited`: the platform's attempt waits in this process."""
        now = self._clock.now()
        account = self._accounts[lease.account_id]
        return Handled(
            lease=lease,
            seqs=tuple([item.seq for item in items]),
            replies=reply_drafts(outcome),
            consents=consent_drafts(outcome, items),
            attributions=attribution_drafts(outcome),
            elder=elder_draft(outcome),
            preferences=preference_drafts(outcome, items),
            way=self._way(person, account, outcome, awaited=awaited),
            active_messages=account.active_messages,
            joins=joins,
            now=now,
            lease_until=now + self._lease,
        )

    def _turn(
        self, person: Person, messages: tuple[Inbound, ...], standing: Standing, *, seqs: tuple[int, ...] = ()
    ) -> Turn:
        return Turn(
            account=self._accounts[person.account_id].info,
            who=as_customer(person, channel=self._accounts[person.account_id].info.channel),
            messages=messages,
            now=self._clock.now(),
            standing=standing,
            seqs=seqs,
        )

    def _closed(self, person: Person, turn: Turn, outcome: Outcome) -> Outcome:
        """Return what is said in all: the notice behind it at the first chat, if it has a way to leave.

        While a person serves the customer at the platform the bot says nothing; what was asked of it still counts.
        """
        if person.is_served(self._clock.now()):
            return replace(outcome, replies=())
        active = self._accounts[person.account_id].active_messages
        folded = self._folded(person, outcome)
        noticed = self._notice.after(turn, outcome) if self._notice is not None else None
        # A short message has no room for an answer and the notice; where nothing can follow, 隐私设置 asks.
        if noticed is None or (person.elder and not active):
            return self._shortened(person, folded)
        whole = self._folded(person, noticed)
        return self._shortened(person, whole if active or len(whole.replies) == 1 else folded)

    def _shortened(self, person: Person, outcome: Outcome) -> Outcome:
        """Put what is said into the form for the elderly, if the customer has chosen it, or does so now."""
        chosen, form = elder_draft(outcome), self._elder_form
        if form is None or not (person.elder if chosen is None else chosen):
            return outcome
        replies = [replace(reply, content=form.of(reply.content, short=reply.short)) for reply in outcome.replies]
        return replace(outcome, replies=tuple(replies))

    def _folded(self, person: Person, outcome: Outcome) -> Outcome:
        """Put what is to be said into one message where nothing can follow the HTTP answer."""
        if self._accounts[person.account_id].active_messages or len(outcome.replies) < 2:
            return outcome
        return replace(outcome, replies=fold(outcome.replies))

    def _way(self, person: Person, account: ServedAccount, outcome: Outcome, *, awaited: bool) -> Way:
        """Choose how the first reply leaves; what the governor keeps from the HTTP answer meets it again in the outbox,
        where a refusal is stored with its reason; on an account without active messages it is lost, which is stored."""
        if account.answers is Answers.ACTIVE:
            return Way.OUTBOX
        if outcome.replies and not self._allows_passive(person, account.info.channel, outcome.replies[0].purpose):
            return Way.OUTBOX
        return Way.HTTP if awaited else Way.OPEN

    def _allows_passive(self, person: Person, channel: str, purpose: Purpose) -> bool:
        facts = self._facts.get((channel, purpose))
        if facts is None:
            facts = self._facts[channel, purpose] = OutgoingFacts(
                purpose=purpose,
                by=Author.BOT,
                channel=channel,
                audience=Audience.STAFF if channel in STAFF_CHANNELS else Audience.CUSTOMER,
                apis=(PASSIVE,),
                callback_open=True,
            )
        return isinstance(self._governor.decide(facts, standing_of(person), now=self._clock.now()), Allow)
