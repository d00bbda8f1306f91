"""How long contents are kept, what the law keeps against an erasure, and what customers say and are told about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field, model_validator

from content.authored import Authored, Identifier, Phrase, Words
from content.value import value

Years = Annotated[int, Field(ge=0, le=100)]


class RetentionClass(Authored):
    """A kind of contents: of customers who have or had a task of one of `causes`; without causes, of everybody else."""

    id: Identifier
    title: Words
    causes: tuple[Identifier, ...] = ()
    #: So long after the last task of a cause ended an erasure freezes the contents instead of destroying them.
    keep_years: Years = 0
    #: Why; the customer and the report are told.
    reason: str = ""
    #: Contents older than that are destroyed by themselves; 0: never.
    destroy_after_years: Years

    @model_validator(mode="after")
    def _says_why(self) -> RetentionClass:
        if self.keep_years and not self.reason.strip():
            raise ValueError(f"the class {self.id} is kept for {self.keep_years} years; say why in `reason`")
        if self.keep_years and not self.causes:
            raise ValueError(f"the class {self.id} has no causes, and would keep everybody's contents; name causes")
        if self.destroy_after_years and self.destroy_after_years < self.keep_years:
            raise ValueError(f"the class {self.id} would be destroyed before its {self.keep_years} years are over")
        return self


class KeptCallbacks(Authored):
    """How long the answers of call-backs after a sale (回访) are kept against an erasure, and why."""

    #: From the end of a round; 0: they are destroyed with the person.
    keep_years: Years = 10
    #: The customer and the report are told.
    reason: Words = "回访记录按保险销售可回溯管理的要求保留"


class PrivacyPhrases(Authored):
    """What a customer says, compared in its normal form."""

    export: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    erase: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    #: The second step of an erasure.
    confirm: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    #: A message that begins so; the rest is what is to be corrected.
    correct: Annotated[tuple[Phrase, ...], Field(min_length=1)]


#: What may stand in each text beside `{account}` and `{hotline}`.
PRIVACY_SLOTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "export_link": frozenset({"url", "hours"}),
        "erase_ask": frozenset({"days", "kept"}),
        "erase_taken": frozenset({"days"}),
    }
)


class PrivacyTexts(Authored):
    """What a customer is told; `PRIVACY_SLOTS` says what is filled in."""

    export_link: Words
    #: The bot has no web address of its own.
    export_unavailable: Words
    #: What happens and what stays, before anything happens.
    erase_ask: Words
    kept_nothing: Words
    erase_taken: Words
    erase_not_asked: Words
    correct_taken: Words


@value
class Keeping:
    """What the law keeps of somebody, and until when."""

    category: str
    reason: str
    until: datetime


class Retention(Authored):
    """The classes in the order in which they are tried, the phrases, the texts."""

    classes: tuple[RetentionClass, ...]
    #: Younger than an insurer's file may be.
    callbacks: KeptCallbacks = KeptCallbacks()
    phrases: PrivacyPhrases
    texts: PrivacyTexts

    @model_validator(mode="after")
    def _ends_with_everybody(self) -> Retention:
        without = [each.id for each in self.classes if not each.causes]
        if without != [self.classes[-1].id if self.classes else None]:
            raise ValueError("exactly one class has no causes, and it stands last: it is for everybody else")
        return self

    def class_of(self, causes: Mapping[str, datetime]) -> RetentionClass:
        """Return the class of a customer who has or had tasks of these causes."""
        return next(each for each in self.classes if not each.causes or not causes.keys().isdisjoint(each.causes))

    def keeping(self, causes: Mapping[str, datetime], *, now: datetime) -> Keeping | None:
        """Return what is kept against an erasure, the longest when there are several; None when nothing is."""
        found = [
            Keeping(category=each.id, reason=each.reason.strip(), until=until)
            for each in self.classes
            if each.keep_years and (last := [at for cause, at in causes.items() if cause in each.causes])
            if (until := years_after(max(last), each.keep_years)) > now
        ]
        return max(found, key=lambda keeping: keeping.until, default=None)


def years_after(moment: datetime, years: int) -> datetime:
    """Return the same day so many years later, earlier for less than none; the 28th for a 29th of February."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, day=28)
