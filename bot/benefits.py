"""The rooms of benefits, put together: the desk in chat, the leader's round, and what staff and suppliers use."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.accounts import AccountKit, writing_officials
from bot.settings import Settings
from content.tree import Content
from handlers.benefits.counter import BenefitCounter
from handlers.benefits.desk import BenefitDesk
from handlers.benefits.office import BenefitOffice
from handlers.benefits.rounds import BenefitRound
from handlers.clock import Clock
from handlers.conversation.elder_form import ElderForm
from handlers.conversation.phrasing import Phrasing
from storage.audit import Audit
from storage.benefit_claims import BenefitClaims
from storage.benefit_list import ClaimList
from storage.benefit_moves import BenefitMoves
from storage.benefit_stock import BenefitStock
from storage.benefit_ticks import BenefitTicks
from storage.benefits import Benefits
from storage.database import Database


def build_benefit_desk(database: Database, content: Content, *, clock: Clock) -> BenefitDesk:
    """Return what customers' words about benefits are answered by."""
    return BenefitDesk(content.benefits, Phrasing(content), claims=BenefitClaims(database), clock=clock)


def build_benefit_office(database: Database, *, clock: Clock) -> BenefitOffice:
    """Return what staff keep benefits with."""
    return BenefitOffice(
        catalogue=Benefits(database),
        stock=BenefitStock(database),
        claims=ClaimList(database),
        audit=Audit(database),
        clock=clock,
    )


def build_benefit_counter(database: Database, *, clock: Clock) -> BenefitCounter:
    """Return what honours codes."""
    return BenefitCounter(moves=BenefitMoves(database), catalogue=Benefits(database), clock=clock)


def build_benefit_round(
    database: Database,
    content: Content,
    kits: Mapping[int, AccountKit],
    *,
    settings: Settings,
    clock: Clock,
    on_outbox: Callable[[], None],
) -> BenefitRound:
    """Return the leader's round; it writes through official accounts that may send actively."""
    return BenefitRound(
        content.benefits,
        ticks=BenefitTicks(database),
        accounts=writing_officials(kits),
        form=ElderForm(content),
        version=content.version,
        least=settings.delivery.reply_reserve + 1,
        clock=clock,
        on_outbox=on_outbox,
    )
