"""A customer's call-backs over the API."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from bot.web.api.customers import CustomerPath, no_customer
from bot.web.api.problem import NOT_FOUND
from bot.web.api.route import AnyRoute, Call, NoBody, Route
from content.callback import Value
from content.rights import Permission
from handlers.people.callbacks import CallbackReading
from storage.callback_rounds import Given, Round
from storage.tables.callbacks import CallbackState


class CallbackGiven(BaseModel):
    """One answer, as it was given; it is never changed."""

    question: str = Field(description="The question's id in callback.yaml.")
    edition: str = Field(description="Version of the questions, `+`, and a digest of their words.")
    text: str = Field(description="The question, word for word as the customer read it.")
    label: str
    value: Value
    is_doubt: bool = Field(description="It made a task for the supervisor of the customer's agent.")
    account: str
    seq: int = Field(description="The message that answered, by its place in the account's log.")
    at: datetime


class CallbackRound(BaseModel):
    """One round about one policy; a correction is another round."""

    id: int
    policy_tail: str = Field(description="The last four characters of the number.")
    product: str
    due: date | None = Field(description="By when the policy source wanted it.")
    edition: str
    state: CallbackState
    begun_at: datetime
    ended_at: datetime | None
    answers: list[CallbackGiven]


class CustomerCallbacks(BaseModel):
    """The rounds of a customer, the newest first."""

    callbacks: list[CallbackRound]


class CallbackRoutes:
    """Reads call-backs through the one way that leaves a trace."""

    def __init__(self, reading: CallbackReading) -> None:
        self._reading = reading

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="GET",
                path="/customers/{customer_id}/callbacks",
                name="getCustomerCallbacks",
                summary="Call-backs after a sale: what was asked and answered, with the version of the questions",
                permission=Permission.POLICIES_READ,
                parameters=CustomerPath,
                body=NoBody,
                answer=CustomerCallbacks,
                problems=(NOT_FOUND,),
                handle=self._get,
            ),
        )

    async def _get(self, call: Call[CustomerPath, NoBody]) -> CustomerCallbacks:
        found = await self._reading.of(call.viewer, call.parameters.customer_id)
        if found is None:
            raise no_customer(call.parameters.customer_id)
        return CustomerCallbacks(callbacks=[_round(each) for each in found])


def _round(found: Round) -> CallbackRound:
    return CallbackRound(
        id=found.id,
        policy_tail=found.policy,
        product=found.product,
        due=found.due,
        edition=found.edition,
        state=found.state,
        begun_at=found.begun_at,
        ended_at=found.ended_at,
        answers=[_given(each) for each in found.answers],
    )


def _given(given: Given) -> CallbackGiven:
    return CallbackGiven(
        question=given.question,
        edition=given.edition,
        text=given.text,
        label=given.label,
        value=Value(given.value),
        is_doubt=given.is_doubt,
        account=given.account,
        seq=given.seq,
        at=given.at,
    )
