"""A catalogue over a real database, people who claim from it, and messages that carry units."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from content.benefit_codes import make_code
from content.benefits import Benefit
from content.messages import TextReply, encode_body
from storage.benefit_claims import BenefitClaims, Granted
from storage.benefit_moves import BenefitMoves
from storage.benefit_reserving import Refusal, Wanted, reserve_unit
from storage.benefit_rows import BenefitRow
from storage.benefit_stock import BenefitStock, StockFigures
from storage.benefits import Benefits
from storage.connection import Connection
from storage.mailbox import Mailbox
from storage.records import AccountRow, ReplyDraft
from storage.viewer import COMMAND_LINE, Viewer
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


def authored(key: str = "checkup", **more: Any) -> Benefit:
    """Return a benefit as somebody would write it."""
    usual = {"id": key, "title": f"权益{key}", "supplier": "安康", "cost": Decimal(180), "guide": "到店报券码。"}
    return Benefit.model_validate({**usual, **more})


class Draw:
    """Numbers that look drawn, the same in every run."""

    def __init__(self, seed: int = 1) -> None:
        self._last = seed

    def __call__(self, below: int) -> int:
        self._last = (self._last * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._last >> 33) % below


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """An account and who has written to it: all that most stories need of an insurer."""

    account: AccountRow
    customers: dict[str, int]


class Shelf:
    """What one process does with benefits."""

    def __init__(self, stores: OpenStores, firm: Firm | Guests, clock: ManualClock) -> None:
        self.stores, self.firm, self.clock = stores, firm, clock
        self.catalogue = Benefits(stores.database)
        self.stock = BenefitStock(stores.database)
        self.claims = BenefitClaims(stores.database)
        self.moves = BenefitMoves(stores.database)
        self._draw = Draw()
        self._count = 0

    async def put(self, benefit: Benefit | None = None, *, units: int = 3, viewer: Viewer = COMMAND_LINE) -> BenefitRow:
        """Make a benefit with so many units."""
        row = await self.catalogue.make(benefit or authored(), viewer=viewer, now=self.clock.now())
        if units:
            codes = [make_code(self._draw) for _ in range(units)]
            put = await self.stock.put_in(row.id, codes, viewer=COMMAND_LINE, now=self.clock.now())
            assert put is not None
            assert put.added == units
        return row

    async def identity(self, person: str) -> int:
        """Return somebody's identity on the official account."""
        return int((await self.stores.one("SELECT id FROM identity WHERE external_id = :p", p=person))["id"])

    async def claim(self, benefit: BenefitRow, person: str, *, key: str = "") -> Granted | Refusal:
        """Let somebody claim; each time anew unless a key is given."""
        self._count += 1
        key = key or f"chat:service:{self._count}"
        wanted = Wanted(benefit_id=benefit.id, identity_id=await self.identity(person), account="service")
        return await self.claims.claim(wanted, key=key, now=self.clock.now())

    async def granted(self, benefit: BenefitRow, person: str) -> Granted:
        """Let somebody claim who gets one."""
        found = await self.claim(benefit, person)
        assert isinstance(found, Granted), found
        return found

    async def code(self, benefit: BenefitRow, person: str) -> str:
        """Let somebody claim; return the code."""
        code = (await self.granted(benefit, person)).unit.code
        assert code is not None
        return code

    async def figures(self, benefit: BenefitRow) -> StockFigures:
        """Return how many units are in each state."""
        return (await self.stock.figures([benefit.id]))[benefit.id]

    async def post(self, account: AccountRow, person: str) -> int:
        """Put a message to somebody into the outbox; return the delivery's number."""
        self._count += 1
        kind, fields = encode_body(TextReply(content="给您留了一份权益。"))
        draft = ReplyDraft(kind=kind, fields=fields, purpose="service", content_version="v")
        key = f"test:{self._count}"
        await Mailbox(self.stores.database).post(account, person, draft, key=key, now=self.clock.now())
        return int((await self.stores.one("SELECT id FROM delivery WHERE idempotency_key = :k", k=key))["id"])

    async def reserve(self, benefit: BenefitRow, person: str, delivery_id: int) -> int | Refusal:
        """Reserve a unit for a delivery, in a transaction as a ledger's would be."""
        wanted = Wanted(benefit_id=benefit.id, identity_id=await self.identity(person))
        now = self.clock.now()

        async def apply(connection: Connection) -> int | Refusal:
            return await reserve_unit(connection, wanted, delivery_id=delivery_id, now=now)

        return await self.stores.database.write(apply)

    async def newcomers(self, count: int) -> list[str]:
        """Let so many new people write; return them."""
        visitors = Visitors(self.stores.log, self.firm.account, self.clock, holder="crowd")
        people = [f"crowd-{number}" for number in range(count)]
        await asyncio.gather(*(visitors.say(person, "你好") for person in people))
        return people


STATES: Final = ("available", "reserved", "granted", "redeemed", "reversed", "expired")
