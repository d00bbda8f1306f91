"""Policies in the words of the content: nothing but what the source has, and as of when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from content.local_time import local
from content.policy import Policy, PolicyBook, ServiceCase
from content.policy_texts import PolicyTexts

#: Of a number so many characters are shown.
_TAIL: Final = 4
#: More do not fit a message with room to spare (2,048 bytes).
_MOST: Final = 8


class Fill(Protocol):
    """Fills the slots of an authored sentence, `{account}` and `{hotline}` among them; braces in a value stay."""

    def __call__(self, text: str, /, **slots: str) -> str: ...


class PolicyWording:
    """Says what a book holds."""

    def __init__(self, texts: PolicyTexts) -> None:
        self._texts = texts

    def policies(self, book: PolicyBook, fill: Fill) -> str:
        """Return the policies."""
        parts = [self._policy(policy, fill) for policy in book.policies]
        return self._listed(book, parts, none=self._texts.no_policies, fill=fill)

    def renewals(self, book: PolicyBook, fill: Fill) -> str:
        """Return the policies with a premium to come, the next one first."""
        due = sorted((policy for policy in book.policies if policy.next_due), key=lambda policy: _day(policy.next_due))
        parts = [self._policy(policy, fill) for policy in due]
        return self._listed(book, parts, none=self._texts.no_renewals, fill=fill)

    def progress(self, book: PolicyBook, fill: Fill) -> str:
        """Return the cases that are being worked on."""
        parts = [self._case(case, fill) for case in book.cases]
        return self._listed(book, parts, none=self._texts.no_cases, fill=fill)

    def _listed(self, book: PolicyBook, parts: Sequence[str], *, none: str, fill: Fill) -> str:
        shown = list(parts[:_MOST]) or [fill(none)]
        if len(parts) > _MOST:
            shown.append(fill(self._texts.more, count=str(len(parts) - _MOST)))
        return "\n".join([*shown, fill(self._texts.as_of, as_of=f"{local(book.as_of):%Y-%m-%d %H:%M}")])

    def _policy(self, policy: Policy, fill: Fill) -> str:
        texts = self._texts
        lines = [
            fill(
                texts.policy,
                product=policy.product,
                number=tail(policy.number),
                insured=first_and_stars(policy.insured),
                status=policy.status,
            )
        ]
        if policy.next_due is not None and policy.premium is not None:
            lines.append(fill(texts.due_amount, date=str(policy.next_due), amount=_money(policy.premium)))
        elif policy.next_due is not None:
            lines.append(fill(texts.due, date=str(policy.next_due)))
        if policy.paid_until is not None:
            lines.append(fill(texts.paid_until, date=str(policy.paid_until)))
        if policy.sum_insured is not None:
            lines.append(fill(texts.sum_insured, amount=_money(policy.sum_insured)))
        return "\n".join(lines)

    def _case(self, case: ServiceCase, fill: Fill) -> str:
        lines = [fill(self._texts.case, kind=case.kind, number=tail(case.number), step=case.step)]
        if case.since is not None:
            lines.append(fill(self._texts.since, date=str(case.since)))
        if case.next_step:
            lines.append(fill(self._texts.next_step, step=case.next_step))
        return "\n".join(lines)


def tail(number: str) -> str:
    """Return the last characters of a number."""
    return number[-_TAIL:]


def first_and_stars(name: str) -> str:
    """Return a name with its first character only."""
    return name[:1] + "*" * (len(name) - 1)


def _day(day: date | None) -> date:
    return day or date.max


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}".removesuffix(".00")
