"""What customers can be told apart by: the attributes and the segments of the built-in files and the data folder's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from content.attributes import AttributeFile, Attributes
from content.document import Document, read_document
from content.errors import ContentError
from content.segment_checks import check_segments, join_attributes
from content.segments import Segment, SegmentFile
from content.validation import validate
from content.value import value

_HERE: Final = Path(__file__).parent
#: The files that an insurer may have in the place of the built-in ones.
AUDIENCE_FILES: Final = ("attributes.yaml", "segments.yaml")


@value
class Audience:
    """Both, checked against each other."""

    attributes: Attributes
    segments: tuple[Segment, ...]
    #: What they were read from, for the version of the content.
    documents: tuple[Document, ...]


def load_audience(home: Path | None) -> Audience:
    """Return them; the taxonomy of `profile.yaml` is nobody's to replace. Raises ContentError with every problem."""
    added, segments = (read_document(_path(home, name)) for name in AUDIENCE_FILES)
    taxonomy = validate(read_document(_HERE / "profile.yaml"), AttributeFile)
    attributes, problems = join_attributes(taxonomy, added, validate(added, AttributeFile))
    file = validate(segments, SegmentFile)
    problems += check_segments(segments, file, attributes)
    if problems:
        raise ContentError(problems)
    return Audience(attributes=attributes, segments=file.segments, documents=(added, segments))


def _path(home: Path | None, name: str) -> Path:
    own = None if home is None else home / "content" / name
    return own if own is not None and own.exists() else _HERE / "zh" / name
