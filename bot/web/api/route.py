"""One route of the API as it is served and described: the document and the router are made of the same value."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from bot.web.api.problem import Kind
from content.rights import Permission
from content.value import value
from storage.viewer import Viewer

#: The largest number that both databases keep in a row's id.
_LARGEST_ID: Final = 2**63 - 1
MOST: Final = 200
#: Bytes of a body where a route says nothing else.
LARGEST_BODY: Final = 65536


def _decimal(given: Any) -> Any:
    """Take the decimal digits that JSON Schema calls an integer, and none of Python's other spellings (1_0, ' 1 ')."""
    if isinstance(given, str) and not re.fullmatch(r"-?[0-9]{1,19}", given):
        raise PydanticCustomError("int_parsing", "not a whole number in decimal digits")
    return given


#: A row's id.
Id = Annotated[int, Field(ge=1, le=_LARGEST_ID), BeforeValidator(_decimal)]
#: An id that a platform gave: visible ASCII.
PlatformId = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", min_length=1, max_length=128)]
Limit = Annotated[int, Field(ge=1, le=MOST), BeforeValidator(_decimal)]


class Parameters(BaseModel):
    """What path and query of a route say; a name that is none of the fields is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Listing(Parameters):
    """The query of a list; each has a `cursor` of its own form, too."""

    limit: Limit = Field(default=50, description="So many rows at most.")


class Body(BaseModel):
    """What the body of a write says, in JSON and without conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NoBody(Body):
    """A read sends none."""


def cursor_field() -> Any:
    """Return the field of a list's cursor."""
    return Field(default=None, description="The `next` of the page before.")


class Page(BaseModel):
    """A page of a list."""

    next: str | None = Field(
        description="The `cursor` of the next page; null when this is the last. A last page can be empty."
    )


P = TypeVar("P", bound=Parameters)
B = TypeVar("B", bound=Body)


@value
class Call(Generic[P, B]):
    """One request, read and permitted."""

    viewer: Viewer
    parameters: P
    body: B
    #: The client's own word for a write (`Idempotency-Key`), "" for a read.
    key: str = ""


@value
class Route(Generic[P, B]):
    """A method and path, who may, what is asked and answered, and who does it."""

    method: Literal["GET", "PUT", "POST"]
    #: Below /api/v1; a name in braces is a field of `parameters`.
    path: str
    #: The operationId.
    name: str
    summary: str
    #: None: every valid key may.
    permission: Permission | None
    #: The answer is not divided by branch: only a key that sees all may.
    is_whole: bool = False
    parameters: type[P]
    body: type[B]
    answer: type[BaseModel]
    #: Bytes that a body may have.
    largest: int = LARGEST_BODY
    #: Kinds of problems beyond those that every route of its sort can have.
    problems: tuple[Kind, ...] = ()
    handle: Callable[[Call[P, B]], Awaitable[BaseModel]]

    @property
    def is_write(self) -> bool:
        """Whether it changes something, and therefore takes an idempotency key."""
        return self.method != "GET"

    @property
    def path_names(self) -> frozenset[str]:
        """The fields of `parameters` that stand in the path."""
        return frozenset(re.findall(r"\{(\w+)\}", self.path))


AnyRoute = Route[Any, Any]
