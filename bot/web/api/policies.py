"""A customer's policies over the API."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from bot.web.api.customers import CustomerPath, no_customer
from bot.web.api.problem import NOT_FOUND
from bot.web.api.route import AnyRoute, Call, NoBody, Route
from content.policy import Policy, ServiceCase
from content.rights import Permission
from handlers.people.policies import Policies, PolicyReading, Sight


class ShownPolicy(BaseModel):
    """One policy; money in yuan. What the source does not say is null."""

    number_tail: str = Field(description="The last four characters of the number.")
    product: str
    insured: str = Field(description="The first character of the name; the rest is hidden.")
    status: str = Field(description="In the source's own words.")
    start: date | None
    end: date | None
    premium: Decimal | None
    paid_until: date | None
    next_due: date | None
    sum_insured: Decimal | None


class ShownCase(BaseModel):
    """One claim or change that is being worked on."""

    number_tail: str
    kind: str
    step: str
    since: date | None
    next_step: str


class CustomerPolicies(BaseModel):
    """What the policy source says now."""

    sight: Sight = Field(description="Why there are policies or none; nothing is shown but with `shown`.")
    as_of: datetime | None
    policies: list[ShownPolicy]
    cases: list[ShownCase]


class PolicyRoutes:
    """Reads policies through the one way that leaves a trace."""

    def __init__(self, reading: PolicyReading) -> None:
        self._reading = reading

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="GET",
                path="/customers/{customer_id}/policies",
                name="getCustomerPolicies",
                summary="Policies and service cases of a bound customer, as the policy source has them now",
                permission=Permission.POLICIES_READ,
                parameters=CustomerPath,
                body=NoBody,
                answer=CustomerPolicies,
                problems=(NOT_FOUND,),
                handle=self._get,
            ),
        )

    async def _get(self, call: Call[CustomerPath, NoBody]) -> CustomerPolicies:
        found = await self._reading.of(call.viewer, call.parameters.customer_id)
        if found is None:
            raise no_customer(call.parameters.customer_id)
        return _shown(found)


def _shown(found: Policies) -> CustomerPolicies:
    book = found.book
    return CustomerPolicies(
        sight=found.sight,
        as_of=None if book is None else book.as_of,
        policies=[] if book is None else [_policy(policy) for policy in book.policies],
        cases=[] if book is None else [_case(case) for case in book.cases],
    )


def _policy(policy: Policy) -> ShownPolicy:
    return ShownPolicy(
        number_tail=policy.number,
        product=policy.product,
        insured=policy.insured,
        status=policy.status,
        start=policy.start,
        end=policy.end,
        premium=policy.premium,
        paid_until=policy.paid_until,
        next_due=policy.next_due,
        sum_insured=policy.sum_insured,
    )


def _case(case: ServiceCase) -> ShownCase:
    return ShownCase(
        number_tail=case.number, kind=case.kind, step=case.step, since=case.since, next_step=case.next_step
    )
