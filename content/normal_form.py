"""The form in which words are compared: width, case, spaces and punctuation do not count.

Only for matching. What a person wrote is stored and quoted exactly as it came.
"""

from __future__ import annotations

import re
import unicodedata

_NOISE = re.compile(r"[\W_]+")


def normalise(text: str) -> str:
    """Return `text` as NFKC, case-folded, with letters and digits only; the result is its own normal form.

    Folding and stripping can each make room for the other (Korean jamo apart by a comma compose once it is gone), so
    they are repeated until nothing changes; ordinary text takes two rounds.
    """
    form = _fold(text)
    while (again := _fold(form)) != form:
        form = again
    return form


def _fold(text: str) -> str:
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).casefold())
