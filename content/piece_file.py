"""A content item in a file: read and validated with file and line in each error, its pictures beside it."""

from __future__ import annotations

from pathlib import Path

from content.document import Document, Place, read_document
from content.errors import ContentError, Problem
from content.finding import Finding
from content.picture_bytes import BadPicture, Picture, read_picture
from content.piece import Piece
from content.precheck_form import is_picture
from content.validation import validate
from content.value import value


@value
class PieceFile:
    """What a file holds: the item, its pictures named by their digests, and these pictures."""

    document: Document
    piece: Piece
    pictures: tuple[Picture, ...]

    def problem(self, finding: Finding) -> Problem:
        """Return a finding with its line in the file."""
        place: Place = ("variants", finding.variant, finding.field)
        if not finding.variant:
            place = tuple(finding.field.split("."))
        quote = f"「{finding.quote}」" if finding.quote else ""
        where = f" {finding.line}:{finding.column}" if finding.line else ""
        name = ".".join(part for part in (finding.variant, finding.field) if part)
        what = f"[{finding.severity} {finding.id}] {name}{where} {finding.label}：{finding.what}{quote}"
        return self.document.problem(place, what, finding.mend)


def read_piece_file(path: Path) -> PieceFile:
    """Return the content item of a YAML file. Raises ContentError with every problem in it."""
    document = read_document(path)
    piece = validate(document, Piece)
    problems, pictures, variants = [], [], {}
    for letter, variant in piece.variants.items():
        variants[letter] = variant
        if not variant.picture or is_picture(variant.picture):
            continue
        try:
            picture = read_picture((path.parent / variant.picture).read_bytes())
        except (OSError, BadPicture) as error:
            what = f"the picture {variant.picture} cannot be used ({error})"
            mend = "name a PNG or JPEG file beside this one"
            problems.append(document.problem(("variants", letter, "picture"), what, mend))
            continue
        pictures.append(picture)
        variants[letter] = variant.model_copy(update={"picture": picture.digest})
    if problems:
        raise ContentError(problems)
    return PieceFile(document=document, piece=piece.model_copy(update={"variants": variants}), pictures=tuple(pictures))
