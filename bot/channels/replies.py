"""What rendering an answer needs on both platforms: the rendered thing, and JSON without escapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from content.value import value


@value
class Rendered:
    """A message in a platform's own fields; `truncated` when words or articles had to be left out."""

    fields: dict[str, Any]
    truncated: bool = False


def compact_json(value: Mapping[str, Any], *, sort_keys: bool = False) -> str:
    """Return raw UTF-8 JSON: the platforms refuse \\u escapes (40033)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys, allow_nan=False)
