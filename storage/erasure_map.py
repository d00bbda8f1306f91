"""What an erasure does with each table: the one list to read to know where a person can be, and what becomes of it.

A table that is missing here fails tests/architecture. Rows are found by a column that names a customer, an identity, a
task or a delivery; what needs more than that has code of its own, and says where.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from content.value import value


class By(StrEnum):
    """What a column names."""

    CUSTOMER = "customer"
    IDENTITY = "identity"
    TASK = "task"
    DELIVERY = "delivery"


@value
class Destroy:
    """The person's rows are deleted: those of which one of the columns names them."""

    by: tuple[tuple[str, By], ...]
    #: By column another one that must be empty for it to name somebody.
    alone: Mapping[str, str] = field(default_factory=dict)


@value
class Blank:
    """The person's rows stay, without what these columns say."""

    by: tuple[tuple[str, By], ...]
    columns: Mapping[str, Any]
    #: Only rows whose column has one of these values.
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    why: str


@value
class Keep:
    """The rows stay as they are: what they hold says nothing of a person once the others are gone, or must be kept."""

    why: str


@value
class OwnWay:
    """Code of its own does it."""

    where: str


@value
class Impersonal:
    """No row is about a customer."""

    why: str = "about the service or the staff"


Fate = Destroy | Blank | Keep | OwnWay | Impersonal
_IDENTITY: Final = (("identity_id", By.IDENTITY),)
_CUSTOMER: Final = (("customer_id", By.CUSTOMER),)
_BOOKS: Final = "the insurer's own books of policies, whose contracts the law keeps; each drop replaces them"
_NUMBERS: Final = "numbers and times under an identity that names nobody any more; the chain and the figures need them"

#: By table, in the order in which it is done.
FATES: Final[Mapping[str, Fate]] = MappingProxyType(
    {
        # What was said.
        "content": OwnWay(where="storage/lock_away.py moves it out of sight, storage/destruction.py destroys it"),
        "frozen_content": OwnWay(where="storage/destruction.py"),
        "message": Keep(why=_NUMBERS),
        "message_key": Keep(why="one-way digests; without them an import or a platform's retry would bring it back"),
        "seal": Impersonal(why="heads of the chain"),
        "conversation": Keep(why=_NUMBERS),
        "work": Keep(why=_NUMBERS),
        "reply": Keep(why=_NUMBERS),
        "search_block": Impersonal(why="which stretches of the log are indexed"),
        "search_posting": OwnWay(where="storage/search_index.py, forget"),
        # What was sent.
        "delivery_attempt": Blank(
            by=(("delivery_id", By.DELIVERY),), columns={"detail": None}, why="figures of what was sent"
        ),
        "delivery": Blank(by=_IDENTITY, columns={"platform_id": None}, why="figures of what was sent"),
        # Who it was.
        "identity": OwnWay(where="storage/lock_away.py puts a random mark in the place of the platform's ids"),
        "erased_identity": OwnWay(where="storage/destruction.py"),
        "customer": OwnWay(where="storage/lock_away.py; the number stays, nobody is behind it"),
        "customer_merge": Blank(
            by=(("from_customer", By.CUSTOMER), ("to_customer", By.CUSTOMER)),
            columns={"cause": ""},
            why="which numbers were one",
        ),
        "customer_owner": Destroy(by=_CUSTOMER),
        "reach": OwnWay(where="storage/lock_away.py ends it: no quota, not followed, unreachable"),
        "attribution": Destroy(by=_IDENTITY),
        "follower": Destroy(by=_IDENTITY),
        "policy_binding": Destroy(by=_CUSTOMER),
        "policy_check": Destroy(by=_IDENTITY),
        "policy_try": Destroy(by=_IDENTITY),
        "callback": OwnWay(where="storage/callback_keeping.py: kept as long as the law says, destroyed after it"),
        "callback_answer": OwnWay(where="storage/callback_keeping.py, with its round"),
        "benefit_unit": OwnWay(where="storage/benefit_erasing.py: code and holder go, what is not used up ends"),
        "identity_tag": Destroy(by=_IDENTITY),
        "staged_follower": OwnWay(where="storage/lock_away.py, by the platform's id; a run empties it anyway"),
        "staged_tagged": OwnWay(where="storage/lock_away.py, by the platform's id; a run empties it anyway"),
        "consent_entry": Keep(why="shows under a number that what was done was allowed then; holds no words"),
        "marketing_choice_entry": Keep(why="shows under a number what might be sent then; holds no words"),
        # What is known about them.
        # One of an identity is whose that is now, whoever they were with when it was written.
        "fact": Destroy(
            by=(("customer_id", By.CUSTOMER), ("identity_id", By.IDENTITY)), alone={"customer_id": "identity_id"}
        ),
        "fact_current": Destroy(by=_CUSTOMER),
        # What staff were given to do.
        "task_evidence": Destroy(by=(("task_id", By.TASK),)),
        "leave_notice": Destroy(by=_CUSTOMER),
        "task": Destroy(by=_CUSTOMER),
        # Who asked for a person.
        "handover": Blank(by=_IDENTITY, columns={"name": None}, why=_NUMBERS),
        "handover_offer": Keep(why=_NUMBERS),
        "handover_reply": Keep(why=_NUMBERS),
        "handover_hold": Impersonal(why="places in the log of staff"),
        "handover_copy": OwnWay(where="storage/lock_away.py moves what it names, as the customer's own contents"),
        "duty": Impersonal(),
        # What others kept of it.
        "idempotency": OwnWay(where="storage/destruction.py deletes the answers that name the customer"),
        "audit_entry": Blank(
            by=(("subject_id", By.CUSTOMER),),
            columns={"detail": ""},
            only={"subject": ("customer", "conversation")},
            why="who of the staff read and changed what must stay provable; details may hold words",
        ),
        "export_link": Destroy(by=_CUSTOMER),
        "legal_hold": Keep(why="shows under a number why something was kept"),
        "erasure": Keep(why="the report: shows under a number that it was done"),
        # Not about customers.
        "fact_list": Impersonal(why="which files were read; what they say of a person is in their facts"),
        "segment_version": Impersonal(why="rules; whom they find is nowhere kept"),
        "account": Impersonal(),
        "staff": Impersonal(),
        "branch": Impersonal(),
        "team": Impersonal(),
        "deputy": Impersonal(),
        "credential": Impersonal(),
        "console_session": Impersonal(),
        "api_key": Impersonal(),
        "access_token": Impersonal(),
        "leader": Impersonal(),
        "pull": Impersonal(why="how far each account's messages were fetched"),
        "cursor": Impersonal(),
        "sync_run": Impersonal(),
        "sync_difference": Keep(why="numbers of customers and nothing else of them"),
        "staged_tag": Impersonal(),
        "tag": Impersonal(),
        "policy_drop": Impersonal(why="as of when the insurer's policies are"),
        "dropped_holder": Keep(why=_BOOKS),
        "dropped_policy": Keep(why=_BOOKS),
        "dropped_case": Keep(why=_BOOKS),
        "department": Impersonal(),
        "content_item": Impersonal(
            why="what staff write for everybody; names of customers are filled in when it is sent"
        ),
        "content_version": Impersonal(why="as content_item"),
        "content_stop": Impersonal(why="as content_item"),
        "content_picture": Impersonal(why="as content_item"),
        "benefit": Impersonal(why="what there is to claim"),
    }
)
