"""What a check of content found: category, severity, the words as they stand there, the place, and how to mend it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from content.value import value
from content.violations import Severity


@value
class Finding:
    """One thing the machine found."""

    #: Of violations.yaml, or `link`, `variable`, `length`, `missing`, `picture`, `disclaimer`.
    category: str
    label: str
    severity: Severity
    #: The variant, "" for what is about the whole item.
    variant: str
    field: str
    #: Both from one; 0 where it is about a whole field.
    line: int = 0
    column: int = 0
    #: Verbatim from the field; "" where something is missing.
    quote: str = ""
    what: str
    mend: str

    @property
    def id(self) -> str:
        """What an author's answer refers to: it stays while the words and their field stay."""
        parts = (self.category, self.variant, self.field, self.quote, self.what)
        return hashlib.sha256(chr(0).join(parts).encode("utf-8")).hexdigest()[:12]


def gravest_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in the order in which people should read them."""
    order = list(Severity)
    return sorted(
        findings, key=lambda each: (order.index(each.severity), each.variant, each.field, each.line, each.column)
    )


def is_blocked(findings: Iterable[Finding]) -> bool:
    """Tell whether nobody may be asked to review this."""
    return any(each.severity is Severity.CRITICAL for each in findings)


def unanswered(findings: Iterable[Finding], answers: dict[str, str]) -> list[Finding]:
    """Return the findings that the author must still give a reason for."""
    return [each for each in findings if each.severity is not Severity.CRITICAL and not answers.get(each.id)]


def encode_findings(findings: Sequence[Finding]) -> str:
    """Return findings as they are kept."""
    return json.dumps([asdict(each) for each in findings], ensure_ascii=False)


def decode_findings(kept: str) -> tuple[Finding, ...]:
    """Return what `encode_findings` kept."""
    return tuple(Finding(**{**each, "severity": Severity(each["severity"])}) for each in json.loads(kept))
