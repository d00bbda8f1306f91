"""Benefits (权益) as authored: the catalogue, and what customers are told when they claim, look and are reminded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StrictBool, field_validator, model_validator

from content.authored import Authored, Identifier, Phrase, Words, check_bytes
from content.consent import Consent
from content.normal_form import normalise

#: Before every id of a choice about a benefit, followed by the benefit's number.
BENEFIT: Final = "benefit.claim."

#: Room for what stands around a guide in a message of 2048 bytes.
GUIDE_BYTES: Final = 900
Money = Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)]


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("it must be one line of visible characters; write it so")
    return text.strip()


def _lines(text: str) -> str:
    if not text.strip() or not text.replace("\n", "").isprintable():
        raise ValueError("it must be words on lines, without control characters; write it so")
    return check_bytes(text.strip(), GUIDE_BYTES)


Title = Annotated[str, Field(min_length=1, max_length=20), AfterValidator(_line)]
Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_line)]
Guide = Annotated[str, Field(min_length=1, max_length=900), AfterValidator(_lines)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Days = Annotated[int, Field(ge=1, le=3650)]
Hour = Annotated[int, Field(ge=0, le=24)]
Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]


class Eligibility(Authored):
    """Who may claim; every condition that is named must hold."""

    #: Consents that the customer has given.
    consents: tuple[Consent, ...] = ()
    #: They have bound their policies.
    bound_policy: StrictBool = False
    #: Names of the accounts (zhike.toml) on which it can be claimed; none: on every one.
    accounts: tuple[Name, ...] = ()


class Benefit(Authored):
    """One benefit of the catalogue. Money in yuan."""

    id: Identifier
    title: Title
    #: Code of the branch that owns it and pays for it; none: head office.
    owner: Name | None = None
    supplier: Name
    #: What one that is redeemed costs us, and what it is worth to the customer.
    cost: Money
    value: Money = Decimal(0)
    #: It can be claimed from one day to another, both included.
    valid_from: date | None = None
    valid_until: date | None = None
    #: A granted one expires so many days after the grant, and at the latest with `valid_until`.
    valid_days: Days | None = None
    eligibility: Eligibility = Eligibility()
    #: How it is used.
    guide: Guide
    #: So many a person, and a holder of the policy source, may have; none: no limit.
    per_person: Count | None = 1
    per_holder: Count | None = None
    #: Cost of what is reserved, granted and redeemed is never above it, in yuan.
    spend_cap: Money | None = None

    @field_validator("title")
    @classmethod
    def _can_be_said(cls, title: str) -> str:
        if not normalise(title):
            raise ValueError(f"{title!r} holds no letter or digit, and customers could not name it; write words")
        return title

    @model_validator(mode="after")
    def _holds_together(self) -> Benefit:
        if self.valid_from is not None and self.valid_until is not None and self.valid_until < self.valid_from:
            raise ValueError(f"it ends on {self.valid_until}, before it begins; correct one of the two days")
        if self.per_holder is not None and not self.eligibility.bound_policy:
            raise ValueError("a limit a holder needs to know the holder; set eligibility.bound_policy: true")
        return self


class Asks(Authored):
    """What customers say."""

    #: Whole messages that ask what there is.
    claim: Phrases
    #: What a message begins with that names a benefit by its title.
    begins: Phrases
    #: Whole messages that ask for what one has.
    mine: Phrases


_ONE: Final = frozenset({"title"})
#: Slots that a text may hold beside `{account}` and `{hotline}`.
BENEFIT_SLOTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "claimed": _ONE | {"code", "until", "guide"},
        "already": _ONE | {"limit"},
        "holder_already": _ONE | {"limit"},
        "sold_out": _ONE,
        "not_begun": _ONE | {"date"},
        "over": _ONE,
        "consent_needed": _ONE,
        "policy_needed": _ONE,
        "not_here": _ONE,
        "until": frozenset({"date"}),
        "unit": _ONE | {"code", "until", "guide"},
        "used": _ONE | {"date"},
        "more": frozenset({"count"}),
        "reminder": _ONE | {"date"},
    }
)
#: How a code stands in a text: masking knows it by this, also one of a supplier's form (`content/masking.py`).
CODE_SLOT: Final = "券码：{code}"


class BenefitTexts(Authored):
    """What the customer is told; `BENEFIT_SLOTS` says what is filled in."""

    #: Above the list of what can be claimed.
    offer: Words
    claimed: Words
    already: Words
    holder_already: Words
    sold_out: Words
    not_begun: Words
    over: Words
    consent_needed: Words
    policy_needed: Words
    not_here: Words
    until: Words
    no_end: Words
    mine: Words
    unit: Words
    used: Words
    nothing: Words
    more: Words
    reminder: Words


class Reminder(Authored):
    """When somebody is told that what they have expires soon: days before, between two hours of China's clock."""

    days: Days = 7
    first_hour: Hour = 9
    last_hour: Hour = 20

    @model_validator(mode="after")
    def _is_a_span(self) -> Reminder:
        if self.last_hour <= self.first_hour:
            raise ValueError("the reminder's hours are no span of a day; put last_hour behind first_hour")
        return self


class Benefits(Authored):
    """The whole file."""

    asks: Asks
    texts: BenefitTexts
    reminder: Reminder = Reminder()
    catalogue: Annotated[tuple[Benefit, ...], Field(max_length=500)] = ()

    def phrases(self) -> Iterator[str]:
        """Yield every whole message that is about benefits."""
        yield from (*self.asks.claim, *self.asks.mine)
