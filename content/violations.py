"""The categories of sales compliance (`content/violations.yaml`): what each is called and how grave it is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from content.document import read_document
from content.validation import validate

FILE: Final = Path(__file__).parent / "violations.yaml"


class Severity(StrEnum):
    """How grave a finding is, the gravest first."""

    #: Stops what is to go out.
    CRITICAL = "critical"
    #: Must be answered for.
    MAJOR = "major"
    MINOR = "minor"


class Violation(BaseModel):
    """One category. Its meaning is for people: commas part it in YAML, so it is not read."""

    model_config = ConfigDict(frozen=True)

    label: str
    severity: Severity


class _Violations(BaseModel):
    categories: dict[str, Violation] = Field(min_length=1)


def load_violations() -> Mapping[str, Violation]:
    """Return the categories by their id. Raises ContentError."""
    return validate(read_document(FILE), _Violations).categories
