"""Pictures as they come in: what they are by their first bytes, never by their name, and how large.

PNG: ISO/IEC 15948, 5.2 and 11.2.2 (IHDR). JPEG: ITU-T T.81, annex B (markers; the size stands in a frame header SOFn).
"""

from __future__ import annotations

import hashlib
from typing import Final

from content.value import value

#: Bytes; WeChat customer service takes no larger picture (`kf` media limits), the others do.
LARGEST: Final = 2 * 1024 * 1024
#: Pixels on a side; more is no picture for a phone.
_LONGEST_SIDE: Final = 10_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"
#: Frame headers: SOF0 to SOF15 without DHT, JPG and DAC.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Markers that stand alone.
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})


class BadPicture(Exception):
    """These bytes are no picture that may go out; the sentence says why and what to do, in Chinese."""


@value
class Picture:
    """A picture whose type was read from its bytes."""

    digest: str
    content_type: str
    width: int
    height: int
    body: bytes


def read_picture(body: bytes) -> Picture:
    """Return the picture that bytes are. Raises BadPicture."""
    if len(body) > LARGEST:
        raise BadPicture(f"图片有 {len(body) / 1024 / 1024:.1f} MB，最多 {LARGEST // 1024 // 1024} MB，请压缩后再传")
    size, content_type = None, ""
    if body.startswith(_PNG):
        size, content_type = _size_of_png(body), "image/png"
    elif body.startswith(b"\xff\xd8\xff"):
        size, content_type = _size_of_jpeg(body), "image/jpeg"
    if not content_type:
        raise BadPicture("这不是 PNG 或 JPEG 图片，请换一张")
    if size is None or not all(0 < side <= _LONGEST_SIDE for side in size):
        raise BadPicture("图片已损坏，或边长超过 10000 像素，请换一张")
    digest = hashlib.sha256(body).hexdigest()
    return Picture(digest=digest, content_type=content_type, width=size[0], height=size[1], body=body)


def _size_of_png(body: bytes) -> tuple[int, int] | None:
    if len(body) < 33 or body[12:16] != b"IHDR" or b"IEND" not in body[-12:]:
        return None
    return int.from_bytes(body[16:20]), int.from_bytes(body[20:24])


def _size_of_jpeg(body: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 4 <= len(body):
        if body[at] != 0xFF:
            return None
        marker = body[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in _FRAMES:
            frame = body[at + 5 : at + 9]
            return (int.from_bytes(frame[2:4]), int.from_bytes(frame[0:2])) if len(frame) == 4 else None
        elif marker == 0xDA:
            return None
        else:
            at += 2 + max(2, int.from_bytes(body[at + 2 : at + 4]))
    return None
