"""What WeChat customer service adds to what can be said and done: files and cards, who serves, what did not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from typing import Any, Final

from content.value import value

#: A session at the platform lasts so long, unless it is ended. WeCom docs, WeChat customer service.
LONGEST_SESSION: Final = timedelta(hours=48)


@value
class File:
    """A file the person sent."""

    media_id: str


@value
class Shared:
    """Something else the person passed on that has no words of theirs: a business card, a mini program, a product.

    `what` is the platform's name of the kind.
    """

    what: str
    details: Mapping[str, Any] = field(default_factory=dict)


@value
class Served:
    """At the platform itself a person of the insurer's serves the customer from now on (`by`), or no longer (None)."""

    by: str | None = None
    #: What happened, in the platform's word or number.
    change: str | None = None
    #: Lets the account say one thing at this moment.
    code: str | None = None


@value
class Rejecting:
    """The customer does not want to get the account's messages any more, or (`on` False) does again."""

    on: bool


@value
class Undelivered:
    """The platform tells that it could not deliver a message of ours that it had accepted."""

    #: The id it was given when it was sent.
    message: str
    #: A stable word; it is stored with the delivery.
    reason: str
