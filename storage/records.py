"""Row values that cross the border of this package: what is asked to be remembered, and what was found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from content.messages import Inbound, InboundBody
from content.value import value
from storage.content_standing import ContentStanding
from storage.preference_rows import PreferenceDraft, Preferences

# The states of a delivery cross the border too; the table's module defines them beside its partial index.
from storage.tables.delivery import DeliveryState as DeliveryState


@value
class AccountRow:
    """One served account."""

    id: int
    name: str
    channel: str
    realm: str
    title: str


@value
class StaffRow:
    """One member of staff."""

    realm: str
    userid: str
    name: str
    role: str
    branch: str
    team: str = ""
    #: How far they see; None: as their role usually does.
    scope: str | None = None


@value
class Grant:
    """What an act of the person opens: so many active messages for so long."""

    messages: int
    window: timedelta


@value
class Arrival:
    """One inbound message that must be recorded."""

    account: AccountRow
    inbound: Inbound
    grant: Grant | None
    #: None: leave the following as it is.
    followed: bool | None
    #: False: only log it, without a work item.
    handle: bool
    #: The process that wants to handle it, and until when it would hold the conversation.
    holder: str
    now: datetime
    lease_until: datetime
    idle_close: timedelta
    #: Asked inside the transaction when the conversation was free: a turn that is written together with the message.
    at_once: Draft | None = None
    #: Who of the insurer's people said it to the sender, on the platform itself; None: the sender did.
    staff: str | None = None

    @property
    def is_act(self) -> bool:
        """Whether the person did something; the platform also reports by itself."""
        return self.grant is not None or self.followed is not None


@value
class Pending:
    """One recorded message that waits to be handled."""

    account_id: int
    seq: int
    identity_id: int
    via: str | None
    recorded_at: datetime
    inbound: Inbound


@value
class ConsentRow:
    """Where one consent of a customer stands: its latest row."""

    state: str
    #: Version of the text that was shown or answered.
    text_version: str
    at: datetime


@value
class OpenHandover:
    """The handover that is open with a person on one account, and its state (docs/states.md, Handover)."""

    id: int
    state: str


@value
class Person:
    """Who stands behind an identity, and how they can be reached on one account."""

    account_id: int
    identity_id: int
    customer_id: int
    conversation_id: int
    realm: str
    external_id: str
    followed: bool | None
    quota_left: int
    quota_until: datetime | None
    unreachable: str | None
    #: By name of the consent; one that was never asked for nor said is absent.
    consent_rows: dict[str, ConsentRow]
    staff: StaffRow | None
    handover: OpenHandover | None = None
    #: Who serves them at the platform itself, and until when that counts at most.
    served_by: str | None = None
    served_until: datetime | None = None
    #: They want the mode for the elderly.
    elder: bool = False
    #: What they chose about marketing; read only where a delivery of it is decided about.
    preferences: Preferences | None = None
    #: How the reviewed content stands that a delivery was made of; read only where that is decided about.
    reviewed: ContentStanding | None = None
    #: The call-back whose question was asked last; None: none runs.
    callback: int | None = None

    def is_served(self, now: datetime) -> bool:
        """Whether a person serves them at the platform itself."""
        return self.served_until is not None and self.served_until > now

    @property
    def consents(self) -> dict[str, str]:
        """The state of each consent that was ever asked for or said."""
        return {name: row.state for name, row in self.consent_rows.items()}


@value
class Recorded:
    """Where an arrival stands in the log. `epoch` is the lease this process got on the conversation, if it got one."""

    account_id: int
    seq: int
    is_new: bool
    person: Person
    epoch: int | None
    #: What became of the turn that was drafted at once, when it stands.
    written: Written | None = None


#: Drafts the turn of a message that was just recorded, without waiting for anything; None: it is handled later.
Draft: TypeAlias = "Callable[[Recorded], Handled | None]"


@value
class ReplyDraft:
    """One answer to be written: its words and why they go out."""

    kind: str
    fields: dict[str, Any]
    purpose: str
    #: What it is about when it advertises (`content.marketing`).
    topic: str | None = None
    #: Version of the authored files (a digest).
    content_version: str
    #: The reviewed content it was made of (`storage.contents`); None: of none.
    content_version_id: int | None = None


@value
class ConsentDraft:
    """One step of a consent to be written."""

    consent: str
    state: str
    text_version: str
    #: The message that shows it.
    seq: int


@value
class AttributionDraft:
    """Where a contact came from."""

    scene: str
    campaign: str | None
    agent: str | None


@value
class Lease:
    """The right to handle one conversation; `epoch` tells it from the leases before and after."""

    account_id: int
    identity_id: int
    holder: str
    epoch: int


class Way(StrEnum):
    """How the first reply of a turn is to leave; later replies leave through the outbox where the account has one."""

    #: The platform's attempt waits in this process and is in time: it carries the reply.
    HTTP = "http"
    OUTBOX = "outbox"
    #: Nobody waits here: the platform's next attempt takes it, or the sweep sends it to the outbox.
    OPEN = "open"


@value
class Handled:
    """One turn's outcome, for one transaction: replies to the last message, effects, the work items done."""

    lease: Lease
    #: The messages of the turn in order; the last one carries the replies.
    seqs: tuple[int, ...]
    replies: tuple[ReplyDraft, ...]
    consents: tuple[ConsentDraft, ...]
    attributions: tuple[AttributionDraft, ...]
    #: The mode for the elderly is on or off from now; None: as it was.
    elder: bool | None = None
    #: What the customer chose about marketing.
    preferences: tuple[PreferenceDraft, ...] = ()
    way: Way
    #: Whether the account may send actively; without that nothing leaves through the outbox, and such replies are lost.
    active_messages: bool
    #: Tells which later messages join the turn instead of waiting for the next.
    joins: Callable[[InboundBody], bool]
    now: datetime
    lease_until: datetime


@value
class Written:
    """What became of a turn.

    `behind`: nothing was written, an earlier holder left these, which come first. `rejoin`: nothing was written, these
    arrived meanwhile and join the turn. `more`: the turn stands, the lease goes on, these come next. All empty: the
    turn stands and the conversation is free.
    """

    behind: tuple[Pending, ...] = ()
    rejoin: tuple[Pending, ...] = ()
    more: tuple[Pending, ...] = ()
    #: The first reply was chosen for the HTTP answer of this process.
    handed: bool = False
    #: At least one reply went to the outbox.
    outbox: bool = False
    #: The first reply did.
    first_by_outbox: bool = False
    #: So many replies had no way to leave.
    lost: int = 0


@value
class StoredReply:
    """What a platform's attempt is answered: a reply's words, or nothing."""

    kind: str
    fields: dict[str, Any]
