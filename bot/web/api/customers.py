"""Customers over the API: the list and one card."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.problem import NOT_FOUND, Refused
from bot.web.api.route import AnyRoute, Call, Id, Listing, NoBody, Page, Parameters, PlatformId, Route, cursor_field
from content.rights import Permission
from handlers.people.reading import Reading
from storage.customer_cards import Contact, CustomerCard
from storage.preference_rows import Preferences

CUSTOMER_ID: Final = Field(description="The customer's id.", examples=[1])
_LIST: Final = CursorForm(letter="c")


class CustomerQuery(Listing):
    """Which customers."""

    cursor: Annotated[str, StringConstraints(pattern=_LIST.pattern)] | None = cursor_field()
    person: PlatformId | None = Field(default=None, description="Only who has this openid, userid or unionid.")


class CustomerPath(Parameters):
    """Which customer."""

    customer_id: Id = CUSTOMER_ID


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


class ShownFrequency(BaseModel):
    """How often at most a customer wants marketing."""

    name: str = Field(description="The id of the frequency in the content.")
    messages: int | None = Field(description="At most so many messages, or null for no limit.")
    days: int | None = Field(description="In any so many days, or null for no limit.")


class ShownPreferences(BaseModel):
    """What a customer chose about marketing, for as long as they consent to it."""

    refused_topics: list[str] = Field(description="Ids of the topics they do not take.")
    frequency: ShownFrequency | None = Field(description="Null when they never chose one.")


class Customer(BaseModel):
    """One customer with what is known without a profile."""

    id: int
    created_at: datetime
    last_at: datetime | None
    owner: ShownOwner | None
    contacts: list[ShownContact]
    scenes: list[str] = Field(description="Scenes of the codes they scanned, the first one first.")
    consents: dict[str, str] = Field(description="By name the state of each consent that was asked for or said.")
    marketing: ShownPreferences
    elder_since: datetime | None = Field(description="Since when they want the mode for the elderly, or null.")


class CustomerPage(Page):
    """Customers, the newest first."""

    customers: list[Customer]


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


def no_customer(customer_id: int) -> Refused:
    """Return the problem of a customer who is not there, or not for this key: nothing tells which."""
    return Refused(NOT_FOUND, f"there is no customer {customer_id} in your scope")


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
        marketing=_preferences(card.preferences),
        elder_since=card.elder_since,
    )


def _preferences(preferences: Preferences) -> ShownPreferences:
    chosen = preferences.frequency
    frequency = None
    if chosen is not None:
        limit = chosen.limit
        frequency = ShownFrequency(
            name=chosen.name,
            messages=None if limit is None else limit.messages,
            days=None if limit is None else limit.days,
        )
    return ShownPreferences(refused_topics=sorted(preferences.refused_topics), frequency=frequency)


def _contact(contact: Contact) -> ShownContact:
    return ShownContact(
        account=contact.account,
        title=contact.title,
        channel=contact.channel,
        person=contact.person,
        followed=contact.followed,
        last_at=contact.last_at,
    )
