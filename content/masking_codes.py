"""Codes of benefits in what people read: whoever has one can use it, so staff see its last characters at most."""

from __future__ import annotations

import re
from typing import Final

from content.benefit_codes import hidden, is_ours

#: The word that every text of ours has before a code (`content/benefit_checks.py`); a supplier's code has no form.
_NAMED: Final = re.compile(r"(券码[：:\s]{0,3})([A-Za-z0-9][A-Za-z0-9._/-]{3,63})")
_GROUP: Final = "[2-9A-HJKMNP-Za-hjkmnp-z]{4}"
#: One of ours wherever it stands, also as somebody types it.
_OURS: Final = re.compile(rf"(?<![A-Za-z0-9]){_GROUP}(?P<gap>[- ]?){_GROUP}(?P=gap){_GROUP}(?![A-Za-z0-9])")


def hide_codes(text: str) -> str:
    """Return `text` with the codes in it hidden: as many code points, everything else untouched.

    The result is its own masking. Linear in the length of the text.
    """
    if "券码" in text:
        text = _NAMED.sub(lambda found: found[1] + hidden(found[2]), text)
    return _OURS.sub(_judged, text)


def _judged(found: re.Match[str]) -> str:
    word = found[0]
    # Without marks it must look like a code: words and numbers of twelve characters are none.
    is_mixed = any(c.isdigit() for c in word) and any(c.isalpha() for c in word)
    return hidden(word) if is_ours(word) and (found["gap"] == "-" or is_mixed) else word
