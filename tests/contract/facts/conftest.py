"""An insurer with customers of every scope, and its lists."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest

from content.attributes import Attributes
from content.audience import load_audience
from content.facts import Source
from handlers.facts.lists import ListImport, ListReport
from handlers.facts.reading import FactReading
from handlers.facts.sheets import Sheet
from storage.audit import Audit
from storage.customer_cards import CustomerCards
from storage.fact_lists import FactLists
from storage.facts import FactBook
from storage.viewer import COMMAND_LINE, Viewer
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores


class Records:
    """Lists brought in, and what is known afterwards."""

    def __init__(self, stores: OpenStores, firm: Firm, clock: ManualClock) -> None:
        self.stores, self.firm, self.clock = stores, firm, clock
        self.lists = FactLists(stores.database)
        self._attributes = load_audience(None).attributes
        self.reading = self.with_attributes(self._attributes)

    def with_attributes(self, attributes: Attributes) -> FactReading:
        """Return the reading as it is when these attributes are authored."""
        return FactReading(
            cards=CustomerCards(self.stores.database),
            book=FactBook(self.stores.database),
            attributes=attributes,
            audit=Audit(self.stores.database),
            clock=self.clock,
        )

    async def bring(
        self,
        *rows: Sequence[str],
        viewer: Viewer = COMMAND_LINE,
        source: Source = Source.LIST,
        attributes: Attributes | None = None,
    ) -> ListReport:
        """Bring a list in; the same rows are the same list."""
        digest = hashlib.sha256(repr(rows).encode()).digest()
        sheet = Sheet(name="list.csv", digest=digest, rows=enumerate(rows, 1))
        return await self.bring_sheet(sheet, viewer=viewer, source=source, attributes=attributes)

    async def bring_sheet(
        self,
        sheet: Sheet,
        *,
        viewer: Viewer = COMMAND_LINE,
        source: Source = Source.LIST,
        attributes: Attributes | None = None,
    ) -> ListReport:
        """Bring a sheet in."""
        lists = ListImport(self.lists, attributes=attributes or self._attributes, clock=self.clock)
        return await lists.run(sheet, viewer=viewer, source=source)

    async def known(self, person: str) -> dict[str, str]:
        """Return by label what is known of somebody, what is disputed in brackets."""
        found = await self.reading.of(COMMAND_LINE, self.firm.customers[person])
        assert found is not None
        return {each.label: each.text if each.fact.status == "active" else f"({each.text})" for each in found}

    async def say(self, person: str, consent: str, state: str) -> None:
        """Let somebody say something on a consent."""
        await self.stores.change(
            "INSERT INTO consent_entry (customer_id, consent, state, text_version, at) VALUES (:c, :n, :s, '1', 1)",
            c=self.firm.customers[person],
            n=consent,
            s=state,
        )


@pytest.fixture
async def records(stores: OpenStores, clock: ManualClock) -> Records:
    """Return the insurer's records."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    firm = Firm(stores, rows["service"], clock)
    await firm.found()
    return Records(stores, firm, clock)
