"""What was said with a customer, over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.customers import CUSTOMER_ID, no_customer
from bot.web.api.problem import NOT_FOUND
from bot.web.api.route import AnyRoute, Call, Id, Listing, NoBody, Page, Route, cursor_field
from content.rights import Permission
from handlers.people.reading import Reading
from storage.timeline import Place, Said

_TIMELINE: Final = CursorForm(letter="t", numbers=3)


class TimelineQuery(Listing):
    """Which messages."""

    customer_id: Id = CUSTOMER_ID
    cursor: Annotated[str, StringConstraints(pattern=_TIMELINE.pattern)] | None = cursor_field()


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


class TimelineRoutes:
    """Reads conversations through the one way that leaves a trace."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
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

    async def _timeline(self, call: Call[TimelineQuery, NoBody]) -> TimelinePage:
        asked = call.parameters
        before = None if asked.cursor is None else _place(asked.cursor)
        messages = await self._reading.timeline(call.viewer, asked.customer_id, limit=asked.limit, before=before)
        # Somebody becomes a customer by a message, so who has none at all is nobody, or nobody of the scope.
        if not messages and before is None:
            raise no_customer(asked.customer_id)
        last = messages[-1].place if len(messages) == asked.limit else None
        return TimelinePage(
            messages=[shown_message(said) for said in messages],
            next=None if last is None else _TIMELINE.encode(last.second, last.account_id, last.seq),
        )


def _place(text: str) -> Place:
    second, account_id, seq = _TIMELINE.decode(text)
    return Place(second=second, account_id=account_id, seq=seq)


def shown_message(said: Said) -> ShownMessage:
    """Return a message as the API shows it."""
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
