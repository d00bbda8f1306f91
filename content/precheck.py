"""The machine's look at content before a person reviews it: words, links, form, gravest first."""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from content.finding import Finding, gravest_first
from content.piece import Piece
from content.piece_template import Templates
from content.precheck_form import FormCheck
from content.precheck_links import LinkCheck
from content.precheck_rules import Precheck
from content.precheck_words import WordCheck
from content.violations import load_violations

#: Findings that are kept; whoever has more mends the first ones first.
MOST: Final = 100


class PieceCheck:
    """All checks over one set of rules."""

    def __init__(self, rules: Precheck, *, hosts: tuple[str, ...]) -> None:
        """Take the authored rules, and the hosts that links may lead to (`contents.link_hosts`)."""
        self._words = WordCheck(rules, dict(load_violations()))
        self._links = LinkCheck(hosts)
        self._form = FormCheck(rules.disclaimers, Templates())

    def find(self, piece: Piece, *, pictures: Set[str]) -> tuple[Finding, ...]:
        """Return what is found, the gravest first, a hundred at most; `pictures`: digests of those that are kept."""
        found = [*self._words.find(piece), *self._links.find(piece), *self._form.find(piece, pictures=pictures)]
        return tuple(gravest_first(dict.fromkeys(found)))[:MOST]
