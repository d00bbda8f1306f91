"""Benefits in chat: what there is, a claim, and what is one's own. The same message again is told the same."""

from __future__ import annotations

from typing import Final

from content.benefits import BENEFIT, Benefits
from content.messages import Option
from content.normal_form import normalise
from handlers.benefits.wording import BenefitWording
from handlers.clock import Clock
from handlers.conversation.elder import chosen_id
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, Turn
from storage.benefit_claims import BenefitClaims, Granted
from storage.benefit_reserving import Wanted
from storage.benefit_rows import BenefitRow

#: Choices that one message offers.
_OFFERED: Final = 9


class BenefitDesk:
    """What customers say about benefits. Its routes wait for the database, so they are declared so."""

    def __init__(self, authored: Benefits, phrasing: Phrasing, *, claims: BenefitClaims, clock: Clock) -> None:
        self._wording = BenefitWording(authored.texts, phrasing)
        self._claims = claims
        self._clock = clock
        asks = authored.asks
        self._list = frozenset(map(normalise, asks.claim))
        self._mine = frozenset(map(normalise, asks.mine))
        # The longest first: 我要领取体检 does not begin with 我要.
        self._begins = sorted(map(normalise, asks.begins), key=len, reverse=True)

    def is_claim(self, turn: Turn) -> bool:
        """Tell whether a customer asks what there is, or wants one, by a tap or in words that may name one."""
        if turn.with_staff:
            return False
        return chosen_id(turn).startswith(BENEFIT) or turn.normal in self._list or bool(self._named(turn))

    def is_mine(self, turn: Turn) -> bool:
        """Tell whether a customer asks for what is theirs."""
        return not turn.with_staff and turn.normal in self._mine

    async def claim(self, turn: Turn) -> Outcome | NotHandled:
        """Offer what there is, or grant the one that is named; words that name none are somebody else's."""
        tapped = chosen_id(turn)
        if tapped.startswith(BENEFIT):
            number = tapped.removeprefix(BENEFIT)
            is_number = number.isascii() and number.isdigit() and len(number) <= 18
            found = await self._claims.get(int(number)) if is_number else None
            return NOT_HANDLED if found is None else await self._grant(turn, found)
        if turn.normal in self._list:
            return await self._offer(turn)
        found = await self._claims.named(self._named(turn))
        return NOT_HANDLED if found is None else await self._grant(turn, found)

    async def mine(self, turn: Turn) -> Outcome | NotHandled:
        """Show what is theirs with code, guide and end; where there is nothing at all, others answer."""
        found = await self._claims.of(turn.who.identity_id, now=self._clock.now())
        if not found and not await self._claims.claimable(turn.account.name, now=self._clock.now()):
            return NOT_HANDLED
        return self._wording.mine(turn, found)

    def _named(self, turn: Turn) -> str:
        """Return what stands behind the words that begin a claim, in its normal form; "" when nothing does."""
        for begin in self._begins:
            if turn.normal.startswith(begin):
                return turn.normal.removeprefix(begin)
        return ""

    async def _offer(self, turn: Turn) -> Outcome | NotHandled:
        found = await self._claims.claimable(turn.account.name, now=self._clock.now())
        if not found:
            return NOT_HANDLED
        options = tuple(Option(id=f"{BENEFIT}{each.id}", label=each.title) for each in found[:_OFFERED])
        return self._wording.offer(turn, options)

    async def _grant(self, turn: Turn, benefit: BenefitRow) -> Outcome:
        wanted = Wanted(benefit_id=benefit.id, identity_id=turn.who.identity_id, account=turn.account.name)
        key = f"chat:{turn.account.name}:{turn.seqs[-1]}"
        granted = await self._claims.claim(wanted, key=key, now=self._clock.now())
        if isinstance(granted, Granted):
            return self._wording.claimed(turn, granted)
        return self._wording.refused(turn, benefit, granted)
