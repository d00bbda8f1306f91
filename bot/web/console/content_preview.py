"""Content as the phone shows it: each variant filled with its examples, or why it cannot be."""

from __future__ import annotations

from content.piece import Kind, Piece, Variant
from content.piece_template import TemplateRefused, Templates
from content.piece_values import Filling, NotFilled
from content.value import value


@value
class Shown:
    """One variant on the phone; `filled` is None when it cannot be made."""

    letter: str
    kind: Kind
    filled: Variant | None
    trouble: str = ""


class Previews:
    """Fills pieces for the eye."""

    def __init__(self) -> None:
        self._filling = Filling(Templates())

    def of(self, piece: Piece) -> list[Shown]:
        """Return the variants of a piece in the order of their letters. Never raises."""
        return [self._shown(piece, letter) for letter in sorted(piece.variants)]

    def _shown(self, piece: Piece, letter: str) -> Shown:
        try:
            filled = self._filling.example(piece, letter)
        except TemplateRefused as refused:
            first = refused.problems[0]
            return Shown(
                letter=letter, kind=piece.kind, filled=None, trouble=f"{first.line}:{first.column} {first.what}"
            )
        if isinstance(filled, NotFilled):
            return Shown(letter=letter, kind=piece.kind, filled=None, trouble=filled.about)
        return Shown(letter=letter, kind=piece.kind, filled=filled)
