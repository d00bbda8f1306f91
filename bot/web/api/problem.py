"""What is answered when something is not done: problem documents (RFC 9457), each of a kind that the document lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from pydantic import BaseModel, Field

from content.rights import Permission
from content.value import value

PROBLEM_TYPE: Final = "application/problem+json"
#: RFC 9457, section 3.1.1: any URI; ours name no host, since every insurer has its own.
_URN: Final = "urn:zhike:problem:"


@value
class Kind:
    """A kind of problem: its word, the HTTP status it comes with, and its title."""

    word: str
    status: int
    title: str

    @property
    def uri(self) -> str:
        """The `type` of its documents."""
        return _URN + self.word


MALFORMED: Final = Kind(word="malformed", status=400, title="The request cannot be read")
KEY_MISSING: Final = Kind(word="idempotency-key-missing", status=400, title="A write needs an idempotency key")
UNAUTHORIZED: Final = Kind(word="unauthorized", status=401, title="A valid API key is needed")
FORBIDDEN: Final = Kind(word="forbidden", status=403, title="The API key does not permit this")
NOT_FOUND: Final = Kind(word="not-found", status=404, title="There is nothing of that name in your scope")
METHOD: Final = Kind(word="method-not-allowed", status=405, title="The path does not know this method")
NOT_YOURS: Final = Kind(word="not-yours", status=409, title="The handover is not this member of staff's")
CLOSED: Final = Kind(word="closed", status=409, title="The handover is closed")
NOT_ON_DUTY: Final = Kind(word="not-on-duty", status=409, title="The member of staff is not on duty")
NOT_OPEN: Final = Kind(word="not-open", status=409, title="It is outside of the hours")
REPLY_REFUSED: Final = Kind(word="reply-refused", status=409, title="No reply may go to the customer now")
FILE_HAS_IT: Final = Kind(word="file-has-it", status=409, title="A file of the content has this name")
UNUSABLE: Final = Kind(word="unusable", status=409, title="The segment's rule fits no more")
STALE: Final = Kind(word="stale", status=409, title="Somebody else has changed it meanwhile")
ALREADY_REDEEMED: Final = Kind(word="already-redeemed", status=409, title="The code was redeemed before")
CODE_OVER: Final = Kind(word="code-over", status=409, title="The code does not stand where this could be done")
BENEFIT_REFUSED: Final = Kind(word="benefit-refused", status=409, title="The benefit may not go to this customer now")
BENEFIT_TAKEN: Final = Kind(word="benefit-taken", status=409, title="There is another benefit of this id or title")
IN_PROGRESS: Final = Kind(word="in-progress", status=409, title="A write with this idempotency key is under way")
LATE: Final = Kind(word="late", status=409, title="It is not as it was when it was read")
OWN_WORK: Final = Kind(word="own-work", status=409, title="Who wrote a version does not decide about it")
KEY_TAKEN: Final = Kind(word="key-taken", status=409, title="Another content has this key")
BLOCKED: Final = Kind(word="blocked", status=409, title="Something critical was found in the content")
UNANSWERED: Final = Kind(word="unanswered", status=409, title="Something was found that no reason is given for")
TOO_LARGE: Final = Kind(word="too-large", status=413, title="The body is too large")
MEDIA_TYPE: Final = Kind(word="media-type", status=415, title="The body is not sent as JSON")
INVALID: Final = Kind(word="invalid", status=422, title="The request says something that cannot be")
KEY_REUSED: Final = Kind(word="idempotency-key-reused", status=422, title="The key stands for another write")
INTERNAL: Final = Kind(word="internal", status=500, title="The server failed")
UNAVAILABLE: Final = Kind(word="unavailable", status=503, title="The database does not answer")


class FieldError(BaseModel):
    """What is wrong with one field of a request."""

    place: Literal["path", "query", "header", "body"] = Field(alias="in", description="Where the field stands.")
    field: str = Field(description="Its name; with dots inside of the body; empty for the body itself.")
    message: str


class Problem(BaseModel):
    """Why something was not done (RFC 9457)."""

    type: str = Field(description="What kind of problem it is; the words are in docs/api.md.")
    title: str = Field(description="The kind in words; always the same for one type.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    detail: str = Field(description="What happened here, and how to mend it.")
    permission: Permission | None = Field(default=None, description="The permission that the key lacks.")
    reason: str | None = Field(default=None, description="The word of the rule that refuses a reply, or a benefit.")
    errors: Sequence[FieldError] | None = Field(default=None, description="The fields that are wrong.")


class Refused(Exception):
    """A request is answered with a problem."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        permission: Permission | None = None,
        reason: str | None = None,
        errors: Sequence[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.headers = dict(headers or {})
        self.problem = Problem(
            type=kind.uri,
            title=kind.title,
            status=kind.status,
            detail=detail,
            permission=permission,
            reason=reason,
            errors=errors,
        )

    @property
    def body(self) -> bytes:
        """The document as it is sent."""
        return self.problem.model_dump_json(by_alias=True, exclude_none=True).encode()


def invalid(*errors: tuple[Literal["path", "query", "header", "body"], str, str]) -> Refused:
    """Return the problem of fields that are wrong, each with its place, name and message."""
    found = [FieldError(**{"in": place, "field": field, "message": message}) for place, field, message in errors]
    return Refused(INVALID, "; ".join(f"{error.field}: {error.message}" for error in found), errors=found)
