"""Facts over the API: what is known of a customer, what they filled in, and lists of the insurer's own."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.customers import CustomerPath, no_customer
from bot.web.api.problem import NOT_FOUND, invalid
from bot.web.api.route import AnyRoute, Body, Call, NoBody, Parameters, Route
from content.facts import Source
from content.rights import Permission
from handlers.facts.lists import ListImport
from handlers.facts.reading import FactReading, ShownFact
from handlers.facts.sheets import ListRefused, Sheet
from storage.facts import Entered, Entry

#: Rows of one call; a longer list is several calls, or `zhike segment import`.
MOST_ROWS: Final = 200
Cell = Annotated[str, StringConstraints(max_length=200)]
Cells = Annotated[list[Cell], Field(max_length=20)]
#: Names are shown in the console and the audit; PostgreSQL keeps no NUL.
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,100}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]


class FactShown(BaseModel):
    """One thing that is known, with what shows it."""

    id: int = Field(description="The statement that shows it best.")
    attribute: str
    label: str
    subject: str = Field(description="self, spouse, child:n or parent.")
    value: Any
    text: str = Field(description="The value in words.")
    polarity: str = Field(description='"+", or "-" where it is known not to be so.')
    confidence: float = Field(description="0 to 1.")
    source: Source
    status: str = Field(description="active, or disputed where sources of like weight contradict each other.")
    evidence: dict[str, Any] = Field(description="A list with its row, or a form with its entry.")
    observed_at: datetime
    until: datetime | None = Field(description="Until when it stays current; null until contradicted.")


class CustomerFacts(BaseModel):
    """What is known of a customer and may be used; without their consent nothing sensitive."""

    facts: list[FactShown]


class FilledIn(Body):
    """A form that the customer filled in."""

    form: Word = Field(description="The form's name.", examples=["needs-2026"])
    entry: Word = Field(description="What tells this filling from another; again it changes nothing.", examples=["e1"])
    facts: Annotated[dict[str, Cells], Field(min_length=1, max_length=50)] = Field(
        description="By attribute of the taxonomy its values in words.", examples=[{"person.city": ["上海"]}]
    )


class FilledInReport(BaseModel):
    """What became of it."""

    customer_id: int
    new: int = Field(description="Facts that were not there before.")
    not_allowed: list[str] = Field(description="Attributes left out, which need a consent that was not given.")


class CustomerList(Body):
    """A list: columns, then a customer a row, as docs/segments.md says."""

    name: Name = Field(examples=["2026-11"])
    columns: Annotated[list[Cell], Field(min_length=2, max_length=100)] = Field(examples=[["customer", "person.city"]])
    rows: Annotated[list[list[Cell]], Field(max_length=MOST_ROWS)] = Field(examples=[[["1", "上海"]]])


class BadCellShown(BaseModel):
    """One thing that cannot be used."""

    row: int = Field(description="1 is the first one under the columns.")
    column: str
    why: str
    mend: str


class ListShown(BaseModel):
    """What became of a list."""

    list_id: int
    rows: int
    used: int
    new: int = Field(description="Facts that were not there before.")
    bad_count: int
    bad: list[BadCellShown]


class FactRoutes:
    """Reads and writes facts through the ways that leave a trace."""

    def __init__(self, facts: FactReading, *, lists: ListImport) -> None:
        self._facts = facts
        self._lists = lists

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="GET",
                path="/customers/{customer_id}/facts",
                name="getCustomerFacts",
                summary="What is known of a customer, with what shows each",
                permission=Permission.FACTS_READ,
                parameters=CustomerPath,
                body=NoBody,
                answer=CustomerFacts,
                problems=(NOT_FOUND,),
                handle=self._get,
            ),
            Route(
                method="POST",
                path="/customers/{customer_id}/facts",
                name="postCustomerFacts",
                summary="Take down what a customer filled in; the same entry of the same form again changes nothing",
                permission=Permission.FACTS_WRITE,
                parameters=CustomerPath,
                body=FilledIn,
                answer=FilledInReport,
                problems=(NOT_FOUND,),
                handle=self._enter,
            ),
            Route(
                method="POST",
                path="/fact-lists",
                name="postFactList",
                summary="Take a list of customers down as facts; the same list again changes nothing",
                permission=Permission.FACTS_WRITE,
                parameters=Parameters,
                body=CustomerList,
                answer=ListShown,
                handle=self._import,
            ),
        )

    async def _get(self, call: Call[CustomerPath, NoBody]) -> CustomerFacts:
        found = await self._facts.of(call.viewer, call.parameters.customer_id)
        if found is None:
            raise no_customer(call.parameters.customer_id)
        return CustomerFacts(facts=[_shown(each) for each in found])

    async def _enter(self, call: Call[CustomerPath, FilledIn]) -> FilledInReport:
        asked, customer_id = call.body, call.parameters.customer_id
        told, bad = self._facts.read(asked.facts)
        if bad:
            raise invalid(*(("body", f"facts.{each.attribute}", each.why) for each in bad))
        report = await self._facts.enter(
            call.viewer, customer_id, Entry(form=asked.form, entry=asked.entry, facts=told)
        )
        if report.outcome is Entered.NOBODY:
            raise no_customer(customer_id)
        if report.outcome is Entered.REFUSED:
            raise invalid(("body", "facts", "the customer does not want a profile; nothing was taken down"))
        return FilledInReport(customer_id=customer_id, new=report.new, not_allowed=list(report.not_allowed))

    async def _import(self, call: Call[Parameters, CustomerList]) -> ListShown:
        asked = call.body
        text = json.dumps([asked.name, asked.columns, asked.rows], ensure_ascii=False)
        rows = enumerate([asked.columns, *asked.rows])
        sheet = Sheet(name=asked.name, digest=hashlib.sha256(text.encode()).digest(), rows=rows)
        try:
            report = await self._lists.run(sheet, viewer=call.viewer)
        except ListRefused as refused:
            raise invalid(("body", "columns", str(refused))) from None
        bad = [BadCellShown(row=each.row, column=each.column, why=each.why, mend=each.mend) for each in report.bad]
        return ListShown(
            list_id=report.list_id,
            rows=report.rows,
            used=report.used,
            new=report.new,
            bad_count=report.bad_count,
            bad=bad,
        )


def _shown(shown: ShownFact) -> FactShown:
    fact = shown.fact
    return FactShown(
        id=fact.fact_id,
        attribute=fact.attribute,
        label=shown.label,
        subject=fact.subject,
        value=json.loads(fact.value.json),
        text=shown.text,
        polarity="+" if fact.is_positive else "-",
        confidence=fact.confidence,
        source=fact.source,
        status=fact.status,
        evidence=fact.evidence,
        observed_at=fact.observed_at,
        until=fact.until,
    )
