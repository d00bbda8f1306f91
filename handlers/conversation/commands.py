"""Messages that do something by themselves: nothing is joined to them, so that none is lost among others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from content.messages import InboundBody, Text
from content.normal_form import normalise

#: What is longer is no command: nobody's first words are looked at for nothing.
_LONGEST: Final = 200


class Commands:
    """Tells them by whole phrases, by how they begin, and by form."""

    def __init__(
        self, phrases: Iterable[str] = (), *, begins: Iterable[str] = (), forms: Sequence[re.Pattern[str]] = ()
    ) -> None:
        """`phrases` and `begins` are compared in their normal form, `forms` with the words as they came."""
        self._phrases = frozenset(map(normalise, phrases))
        self._begins = tuple(map(normalise, begins))
        self._forms = tuple(forms)

    def is_one(self, body: InboundBody) -> bool:
        """Tell whether somebody's message is one."""
        if not isinstance(body, Text) or len(body.content) > _LONGEST:
            return False
        if any(form.fullmatch(body.content) for form in self._forms):
            return True
        normal = normalise(body.content)
        return normal in self._phrases or (bool(self._begins) and normal.startswith(self._begins))
