"""What goes wrong on purpose: faults that match calls and pushes by account, person and path."""

from __future__ import annotations

import random
from collections.abc import Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class FaultKind(StrEnum):
    """What can go wrong."""

    #: The call is answered with `errcode` (default -1); 60020, 45009 and any other code can be given.
    BUSY = "busy"
    #: The call is carried out only after `seconds`.
    SLOW = "slow"
    #: The call is carried out, then the connection is closed without an answer.
    DROP_AFTER_ACCEPT = "drop_after_accept"
    #: The connection is closed, nothing was carried out.
    DROP_BEFORE_ACCEPT = "drop_before_accept"
    #: The token of the call ends now: 42001, and the next token request gives another.
    EXPIRED_TOKEN = "expired_token"
    #: The token of the call is no longer the latest: 40001, and the next token request gives another.
    INVALID_TOKEN = "invalid_token"
    #: The message is refused with 45047, or with `errcode` 45009.
    QUOTA = "quota"
    #: The message is refused with 43019, or with `errcode` 48002.
    BLOCKED_USER = "blocked_user"
    #: The message is refused with 45015.
    UNFOLLOWED = "unfollowed"
    #: WeCom answers that all is well and the person gets nothing.
    SILENT_DROP = "silent_drop"
    #: WeCom answers that all is well, names the member in `unlicenseduser`, and the member gets nothing.
    UNLICENSED_USER = "unlicensed_user"
    #: The callback is sent twice at the same time, each with its own nonce.
    DUPLICATE_CALLBACK = "duplicate_callback"
    #: The callback is held back until the person's next one has left, or for `seconds` (default 3).
    REORDER_CALLBACK = "reorder_callback"
    #: The message carries the MsgId of another person's newest message.
    COLLIDING_MSGID = "colliding_msgid"
    #: Customer service: the doorbell of an act is never rung.
    LOST_DOORBELL = "lost_doorbell"
    #: sync_msg gives an empty list and says that there is more.
    EMPTY_PAGE = "empty_page"
    #: kf/send_msg accepts the message and tells later that it failed; `errcode` is the fail_type (default 0).
    KF_SEND_FAIL = "kf_send_fail"
    #: The attempt is signed with something else than the account's token.
    WRONG_SIGNATURE = "wrong_signature"


#: Faults of one message: without a path of their own they meet only the calls that send one.
_OF_A_MESSAGE = frozenset(
    {
        FaultKind.QUOTA,
        FaultKind.BLOCKED_USER,
        FaultKind.UNFOLLOWED,
        FaultKind.SILENT_DROP,
        FaultKind.UNLICENSED_USER,
    }
)
_SENDING_PATHS = frozenset({"/cgi-bin/message/custom/send", "/cgi-bin/message/send", "/cgi-bin/kf/send_msg"})
_ERRCODES = {
    FaultKind.BUSY: -1,
    FaultKind.QUOTA: 45047,
    FaultKind.BLOCKED_USER: 43019,
    FaultKind.UNFOLLOWED: 45015,
}
REFUSALS = tuple(_ERRCODES)


class Fault(BaseModel):
    """One fault, as the control API takes it; None matches everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: FaultKind
    account: str | None = None
    #: A person's id or a member's userid.
    person: str | None = None
    #: An API path without the platform's prefix; `*` matches any run of characters.
    path: str | None = None
    #: How often it happens; None means until it is deleted.
    times: int | None = Field(default=None, ge=1)
    probability: float = Field(default=1.0, ge=0.0, le=1.0)
    seconds: float | None = Field(default=None, ge=0.0)
    errcode: int | None = None

    def matches(self, *, account: str | None, people: frozenset[str], path: str | None) -> bool:
        """Return whether it applies to something of `account` and `people` on the API `path` (None for a push)."""
        if self.account is not None and self.account != account:
            return False
        if self.person is not None and self.person not in people:
            return False
        if self.path is not None:
            return path is not None and fnmatchcase(path, self.path)
        return self.fault not in _OF_A_MESSAGE or path in _SENDING_PATHS

    def refusal(self) -> int:
        """Return the errcode with which it refuses a call."""
        return self.errcode if self.errcode is not None else _ERRCODES[self.fault]


class FaultBook:
    """The faults that are set. `rng` decides about those with a probability, so that a seed repeats a run."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._faults: dict[str, Fault] = {}
        self._left: dict[str, int] = {}
        self._hits: dict[str, int] = {}
        self._count = 0

    def add(self, fault: Fault) -> str:
        """Set `fault` and return its id."""
        self._count += 1
        identifier = f"f{self._count}"
        self._faults[identifier] = fault
        self._hits[identifier] = 0
        if fault.times is not None:
            self._left[identifier] = fault.times
        return identifier

    def remove(self, identifier: str) -> bool:
        """Take a fault away; False when there is none with this id."""
        self._left.pop(identifier, None)
        self._hits.pop(identifier, None)
        return self._faults.pop(identifier, None) is not None

    def clear(self) -> None:
        """Take all faults away."""
        for identifier in list(self._faults):
            self.remove(identifier)

    def describe(self) -> Iterator[dict[str, Any]]:
        """Yield every fault with its id, how often it hit and how often it still will (None: without end)."""
        for identifier, fault in self._faults.items():
            yield {
                "id": identifier,
                **fault.model_dump(mode="json"),
                "hits": self._hits[identifier],
                "left": self._left.get(identifier),
            }

    def take(
        self, kind: FaultKind, *, account: str | None, people: frozenset[str] = frozenset(), path: str | None = None
    ) -> Fault | None:
        """Return the first fault of `kind` that happens to this call or push, and count it; None when none does."""
        for identifier, fault in self._faults.items():
            if fault.fault is not kind or not fault.matches(account=account, people=people, path=path):
                continue
            if self._left.get(identifier, 1) < 1:
                continue
            if fault.probability < 1.0 and self._rng.random() >= fault.probability:
                continue
            self._hits[identifier] += 1
            if identifier in self._left:
                self._left[identifier] -= 1
            return fault
        return None
