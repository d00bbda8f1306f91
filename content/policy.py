"""Policies and service cases as the insurer's own system has them: what a customer may be told, word for word."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from content.value import value


@value
class Policy:
    """One insurance policy of a holder. Money in yuan; what the source does not say is None."""

    number: str
    product: str
    insured: str
    #: In the source's own words, e.g. 有效, 失效, 终止.
    status: str
    start: date | None = None
    end: date | None = None
    premium: Decimal | None = None
    paid_until: date | None = None
    next_due: date | None = None
    sum_insured: Decimal | None = None
    #: The call-back after the sale (回访) is asked for, and wanted by this day; None: it is not asked for.
    callback_due: date | None = None


@value
class ServiceCase:
    """One claim or change that is being worked on."""

    number: str
    #: In the source's own words, e.g. 理赔, 保全.
    kind: str
    step: str
    since: date | None = None
    next_step: str = ""


@value
class PolicyBook:
    """Everything the source has of one holder, as of a moment (aware)."""

    as_of: datetime
    policies: tuple[Policy, ...]
    cases: tuple[ServiceCase, ...]


@value
class Holder:
    """Whom the source knows under a number of its own, and where a code may be sent."""

    holder: str
    #: Empty when the source has none: then nothing can be shown in chat.
    phone: str
