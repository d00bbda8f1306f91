"""Policies in the words of the content: nothing but what the source has, and as of when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from content.local_time import local
from content.policy import Policy, PolicyBook, ServiceCase
from content.policy_texts import PolicyTexts
from content.slots import fill

#: Of a number so many characters are shown.
_TAIL: Final = 4
#: More do not fit a message with room to spare (2,048 bytes).
_MOST: Final = 8


class PolicyWording:
    """Says what a book holds. The caller fills `{account}` and `{hotline}`."""

    def __init__(self, texts: PolicyTexts) -> None:
        self._texts = texts

    def policies(self, book: PolicyBook) -> str:
        """Return the policies."""
        return self._listed(book, [self._policy(policy) for policy in book.policies], self._texts.no_policies)

    def renewals(self, book: PolicyBook) -> str:
        """Return the policies with a premium to come, the next one first."""
        due = sorted((policy for policy in book.policies if policy.next_due), key=lambda policy: _day(policy.next_due))
        return self._listed(book, [self._policy(policy) for policy in due], self._texts.no_renewals)

    def progress(self, book: PolicyBook) -> str:
        """Return the cases that are being worked on."""
        return self._listed(book, [self._case(case) for case in book.cases], self._texts.no_cases)

    def _listed(self, book: PolicyBook, parts: list[str], none: str) -> str:
        shown = parts[:_MOST] or [none]
        if len(parts) > _MOST:
            shown.append(f"……共 {len(parts)} 份")
        return "\n".join([*shown, self._texts.as_of.replace("{as_of}", f"{local(book.as_of):%Y-%m-%d %H:%M}")])

    def _policy(self, policy: Policy) -> str:
        texts = self._texts
        lines = [
            fill(
                texts.policy,
                {
                    "product": policy.product,
                    "number": tail(policy.number),
                    "insured": first_and_stars(policy.insured),
                    "status": policy.status,
                },
            )
        ]
        if policy.next_due is not None and policy.premium is not None:
            lines.append(fill(texts.due_amount, {"date": str(policy.next_due), "amount": _money(policy.premium)}))
        elif policy.next_due is not None:
            lines.append(fill(texts.due, {"date": str(policy.next_due)}))
        if policy.paid_until is not None:
            lines.append(fill(texts.paid_until, {"date": str(policy.paid_until)}))
        if policy.sum_insured is not None:
            lines.append(fill(texts.sum_insured, {"amount": _money(policy.sum_insured)}))
        return "\n".join(lines)

    def _case(self, case: ServiceCase) -> str:
        slots: Mapping[str, str] = {"kind": case.kind, "number": tail(case.number), "step": case.step}
        lines = [fill(self._texts.case, slots)]
        if case.since is not None:
            lines.append(fill(self._texts.since, {"date": str(case.since)}))
        if case.next_step:
            lines.append(fill(self._texts.next_step, {"step": case.next_step}))
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
