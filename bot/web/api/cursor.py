"""Where a page ended, as a word that clients give back and do not read."""

from __future__ import annotations

from content.value import value


@value
class CursorForm:
    """How one list writes its places: a letter of its own, then each number in so many hexadecimal digits.

    Every word of the pattern is a place, so the document says exactly what is taken. A number has one bit less than
    its digits: it fits the signed column it is compared with.
    """

    letter: str
    #: How many numbers make a place.
    numbers: int = 1
    #: 16 for a BIGINT, 8 for an INTEGER.
    digits: int = 16

    @property
    def pattern(self) -> str:
        """The regular expression of its words."""
        return rf"^{self.letter}([0-7][0-9a-f]{{{self.digits - 1}}}){{{self.numbers}}}$"

    def encode(self, *place: int) -> str:
        """Return the word of a place."""
        return self.letter + "".join(f"{number:0{self.digits}x}" for number in place)

    def decode(self, word: str) -> tuple[int, ...]:
        """Return the place of a word of the pattern."""
        numbers = word[len(self.letter) :]
        return tuple(int(numbers[start : start + self.digits], 16) for start in range(0, len(numbers), self.digits))
