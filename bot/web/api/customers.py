"""Customers over the API: the list, one card, what was said, whose they are."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.problem import NOT_FOUND, Refused
from bot.web.api.route import AnyRoute, Call, Id, Listing, NoBody, Page, Parameters, PlatformId, Route, cursor_field
from content.rights import Permission
from handlers.people.reading import Reading
from storage.customer_cards import Contact, CustomerCard
from storage.timeline import Place, Said

_ID: Final = Field(description="The customer's id.", examples=[1])
_LIST: Final = CursorForm(letter="c")
_TIMELINE: Final = CursorForm(letter="t", numbers=2)


class CustomerQuery(Listing):
    """Which customers."""

    cursor: Annotated[str, StringConstraints(pattern=_LIST.pattern)] | None = cursor_field()
    person: PlatformId | None = Field(default=None, description="Only who has this openid, userid or unionid.")


class CustomerPath(Parameters):
    """Which customer."""

    customer_id: Id = _ID


class TimelineQuery(Listing):
    """Which messages."""

    customer_id: Id = _ID
    cursor: Annotated[str, StringConstraints(pattern=_TIMELINE.pattern)] | None = cursor_field()


class ShownContact(BaseModel):
    """One identity of a customer on one account."""

    account: str
    title: str
    channel: str
    person: str = Field(description="The openid or userid.")
    followed: bool | None = Field(description="Null when neither following nor leaving was ever seen.")
    last_at: datetime


class ShownOwner(BaseModel):
    """Whose customer somebody is."""

    staff_id: int
    name: str | None = Field(description="Null when the member of staff is not known any more.")
    branch: str | None


class Customer(BaseModel):
    """One customer with what is known without a profile."""

    id: int
    created_at: datetime
    last_at: datetime | None
    owner: ShownOwner | None
    contacts: list[ShownContact]
    scenes: list[str] = Field(description="Scenes of the codes they scanned, the first one first.")
    consents: dict[str, str] = Field(description="By name the state of each consent that was asked for or said.")


class CustomerPage(Page):
    """Customers, the newest first."""

    customers: list[Customer]


class ShownMessage(BaseModel):
    """One message or event."""

    account: str
    title: str
    channel: str
    conversation_id: int
    seq: int = Field(description="Its number in the log of the account.")
    customer_id: int
    person: str
    direction: str = Field(description="`in` or `out`.")
    kind: str
    at: datetime
    fields: dict[str, Any] | None = Field(description="What it says, by kind; null when the content was destroyed.")
    purpose: str | None


class TimelinePage(Page):
    """What was said, the newest conversation and within it the newest message first."""

    messages: list[ShownMessage]


class CustomerRoutes:
    """Reads customers through the one way that leaves a trace."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="GET",
                path="/customers",
                name="listCustomers",
                summary="Customers of the scope, the newest first",
                permission=Permission.CUSTOMERS_READ,
                parameters=CustomerQuery,
                body=NoBody,
                answer=CustomerPage,
                handle=self._list,
            ),
            Route(
                method="GET",
                path="/customers/{customer_id}",
                name="getCustomer",
                summary="One customer; who was merged is found under the id they have now",
                permission=Permission.CUSTOMERS_READ,
                parameters=CustomerPath,
                body=NoBody,
                answer=Customer,
                problems=(NOT_FOUND,),
                handle=self._card,
            ),
            Route(
                method="GET",
                path="/customers/{customer_id}/timeline",
                name="getTimeline",
                summary="What was said and done with one customer over all accounts, the newest first",
                permission=Permission.CONVERSATIONS_READ,
                parameters=TimelineQuery,
                body=NoBody,
                answer=TimelinePage,
                problems=(NOT_FOUND,),
                handle=self._timeline,
            ),
        )

    async def _list(self, call: Call[CustomerQuery, NoBody]) -> CustomerPage:
        asked = call.parameters
        before = None if asked.cursor is None else _LIST.decode(asked.cursor)[0]
        cards = await self._reading.customers(call.viewer, limit=asked.limit, before=before, person=asked.person)
        is_full = len(cards) == asked.limit
        return CustomerPage(
            customers=[_customer(card) for card in cards],
            next=_LIST.encode(cards[-1].id) if is_full else None,
        )

    async def _card(self, call: Call[CustomerPath, NoBody]) -> Customer:
        card = await self._reading.customer(call.viewer, call.parameters.customer_id)
        if card is None:
            raise no_customer(call.parameters.customer_id)
        return _customer(card)

    async def _timeline(self, call: Call[TimelineQuery, NoBody]) -> TimelinePage:
        asked = call.parameters
        before = None if asked.cursor is None else _place(asked.cursor)
        messages = await self._reading.timeline(call.viewer, asked.customer_id, limit=asked.limit, before=before)
        # Somebody becomes a customer by a message, so who has none at all is nobody, or nobody of the scope.
        if not messages and before is None:
            raise no_customer(asked.customer_id)
        last = messages[-1].place if len(messages) == asked.limit else None
        return TimelinePage(
            messages=[_message(said) for said in messages],
            next=None if last is None else _TIMELINE.encode(last.conversation_id, last.seq),
        )


def no_customer(customer_id: int) -> Refused:
    """Return the problem of a customer who is not there, or not for this key: nothing tells which."""
    return Refused(NOT_FOUND, f"there is no customer {customer_id} in your scope")


def _place(text: str) -> Place:
    conversation_id, seq = _TIMELINE.decode(text)
    return Place(conversation_id=conversation_id, seq=seq)


def _customer(card: CustomerCard) -> Customer:
    return Customer(
        id=card.id,
        created_at=card.created_at,
        last_at=card.last_at,
        owner=None
        if card.owner_id is None
        else ShownOwner(staff_id=card.owner_id, name=card.owner, branch=card.branch),
        contacts=[_contact(contact) for contact in card.contacts],
        scenes=list(card.scenes),
        consents=card.consents,
    )


def _contact(contact: Contact) -> ShownContact:
    return ShownContact(
        account=contact.account,
        title=contact.title,
        channel=contact.channel,
        person=contact.person,
        followed=contact.followed,
        last_at=contact.last_at,
    )


def _message(said: Said) -> ShownMessage:
    return ShownMessage(
        account=said.account,
        title=said.title,
        channel=said.channel,
        conversation_id=said.conversation_id,
        seq=said.seq,
        customer_id=said.customer_id,
        person=said.person,
        direction=said.direction,
        kind=said.kind,
        at=said.at,
        fields=said.fields,
        purpose=said.purpose,
    )
