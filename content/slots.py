"""Slots in authored texts: `{name}` is replaced when the text is used, every other brace stands for itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

#: What every text may hold: the title of the account, and the customer-service hotline of the settings.
COMMON_SLOTS: Final = frozenset({"account", "hotline"})

_SLOT = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


def slots_of(text: str) -> frozenset[str]:
    """Return the names of the slots in `text`."""
    return frozenset(_SLOT.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with its slots replaced, once: braces in a value stay. Raises KeyError on a slot without value."""
    if "{" not in text:
        return text
    return _SLOT.sub(lambda found: values[found[1]], text)
