"""Segments as authored: who is meant, as all/any/not over facts, tags, events, accounts, consents and policies.

One condition says one thing; `docs/segments.md` shows each. A comparison with what is not known is never true, so
`not` over it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, model_validator

from content.authored import Authored, Identifier
from content.consent import Consent, ConsentState
from content.document import Place

Scalar = bool | int | float | str | date
#: PostgreSQL takes no NUL, and nobody can type one.
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Days = Annotated[int, Field(ge=0, le=3660)]
Count = Annotated[int, Field(ge=0, le=100_000)]

#: Kinds of the log that a word stands for; any other word is a kind itself ("scan", "event:TEMPLATESENDJOBFINISH").
EVENT_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "message": ("text", "image", "voice", "video", "location", "link", "file", "shared"),
    "click": ("menu_click", "menu_view", "menu_scan"),
}
#: Every kind.
ANY: Final = "any"
PolicyDay = Literal["start", "end", "paid_until", "next_due", "callback_due", "any"]
#: Conditions of a rule, and how deep they stand in each other, at most; those of named segments count too.
MOST: Final = 60
DEEPEST: Final = 6
_KINDS: Final = ("all", "any", "not", "fact", "tag", "event", "follows", "channel", "consent", "policy", "segment")
_SIGNS: Final = ("is", "in", "less", "at_most", "more", "at_least", "between", "known", "month", "anniversary_within")
#: What may stand beside each kind, and of which of them exactly one must.
_BESIDE: Final[dict[str, frozenset[str]]] = {
    "fact": frozenset(_SIGNS),
    "tag": frozenset({"account"}),
    "event": frozenset({"at_least", "at_most", "days"}),
    "consent": frozenset({"is", "in"}),
    "policy": frozenset({"within", "past", "known", "status"}),
}
_ONE_OF: Final[dict[str, tuple[str, ...]]] = {
    "fact": _SIGNS,
    "consent": ("is", "in"),
    "policy": ("within", "past", "known"),
}


class Condition(Authored):
    """One condition: exactly one of the kinds, with what belongs to it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    all: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=20)] | None = None
    any: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=20)] | None = None
    not_: Condition | None = Field(default=None, alias="not")
    #: Key of an attribute, with one of the signs.
    fact: Identifier | None = None
    #: Name of a tag of an account.
    tag: Name | None = None
    #: What the customer did, how often, in the last days.
    event: Name | None = None
    #: Name of an account, or "any".
    follows: Name | None = None
    channel: Literal["wechat", "wecom", "kf", "contact", "aibot"] | None = None
    consent: Consent | None = None
    #: A day of the policies of whoever they are bound to, or "any" policy.
    policy: PolicyDay | None = None
    #: The id of another segment.
    segment: Identifier | None = None

    is_: Scalar | None = Field(default=None, alias="is")
    in_: Annotated[tuple[Scalar, ...], Field(min_length=1, max_length=100)] | None = Field(default=None, alias="in")
    less: Scalar | None = None
    at_most: Scalar | None = None
    more: Scalar | None = None
    at_least: Scalar | None = None
    #: Both ends belong to it.
    between: tuple[Scalar, Scalar] | None = None
    known: bool | None = None
    #: Of a day: its month, or "this" one.
    month: Annotated[int, Field(ge=1, le=12)] | Literal["this"] | None = None
    #: Of a day: its next anniversary is today or so many days ahead at most.
    anniversary_within: Annotated[int, Field(ge=0, le=366)] | None = None
    account: Name | None = None
    days: Annotated[int, Field(ge=1, le=3660)] | None = None
    #: The day is today or so many days ahead at most; or before today by so many days at most.
    within: Days | None = None
    past: Days | None = None
    status: Name | None = None

    @property
    def kind(self) -> str:
        """Which condition it is."""
        return next(kind for kind in _KINDS if self.part(kind) is not None)

    @property
    def sign(self) -> str:
        """How a fact is compared."""
        return next(sign for sign in _SIGNS if self.part(sign) is not None)

    def part(self, name: str) -> Any:
        """Return what stands under a key of the file."""
        return getattr(self, f"{name}_" if name in ("not", "is", "in") else name)

    @model_validator(mode="after")
    def _is_one(self) -> Condition:
        kinds = [kind for kind in _KINDS if self.part(kind) is not None]
        if len(kinds) != 1:
            named = " and ".join(f"`{kind}`" for kind in kinds) or "nothing"
            raise ValueError(f"a condition says one thing, here is {named}; write one of " + ", ".join(_KINDS))
        kind = kinds[0]
        beside = {name for name in type(self).model_fields if getattr(self, name) is not None}
        beside = {name.rstrip("_") for name in beside} - {kind}
        if strange := sorted(beside - _BESIDE.get(kind, frozenset())):
            raise ValueError(f"`{strange[0]}` does not belong to `{kind}`; delete it")
        signs = [name for name in _ONE_OF.get(kind, ()) if name in beside]
        if kind in _ONE_OF and len(signs) != 1:
            raise ValueError(f"`{kind}` needs exactly one of " + ", ".join(_ONE_OF[kind]) + "; correct it")
        _check_kind(self, kind)
        return self

    def parts(self) -> Iterator[tuple[Place, Condition]]:
        """Yield this condition and all inside it, each with its place."""
        yield (), self
        for name in ("all", "any"):
            for number, each in enumerate(self.part(name) or ()):
                yield from (((name, number, *place), inner) for place, inner in each.parts())
        if self.not_ is not None:
            yield from ((("not", *place), inner) for place, inner in self.not_.parts())

    @property
    def depth(self) -> int:
        """How deep conditions stand in each other."""
        inner = [*(self.all or ()), *(self.any or ()), *([] if self.not_ is None else [self.not_])]
        return 1 + max((each.depth for each in inner), default=0)


def _check_kind(condition: Condition, kind: str) -> None:
    if kind == "event":
        counts = [condition.at_least, condition.at_most]
        for count in counts:
            if count is not None and (isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 10**5):
                raise ValueError(f"an event happens a whole number of times, not {count!r}; write one of 0 to 100000")
        if all(count is None for count in counts):
            raise ValueError("`event` needs at_least or at_most; say how often")
        if condition.at_least == 0:
            raise ValueError("at_least: 0 is always true; delete it")
    if kind == "consent":
        states = condition.in_ if condition.in_ is not None else (condition.is_,)
        for state in states:
            if state not in set(ConsentState):
                raise ValueError(f"{state!r} is no state of a consent; write one of " + ", ".join(ConsentState))
    if kind == "policy" and condition.policy == "any" and condition.known is None:
        raise ValueError("`any` policy has no day; write `known: true`, or name a day")
    if condition.depth > DEEPEST:
        raise ValueError(f"conditions stand {condition.depth} deep in each other, {DEEPEST} are allowed; name a part")


class Segment(Authored):
    """One segment."""

    id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")]
    note: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")] = ""
    rule: Condition

    @model_validator(mode="after")
    def _fits(self) -> Segment:
        count = sum(1 for _ in self.rule.parts())
        if count > MOST:
            raise ValueError(f"the rule has {count} conditions, {MOST} are allowed; name parts of it")
        return self


class SegmentFile(Authored):
    """The whole file."""

    version: Annotated[int, Field(ge=1)]
    segments: tuple[Segment, ...] = ()
