"""How much one reconciliation may take away before somebody must look: a list can come back short."""

from __future__ import annotations

from typing import Final

from content.value import value
from handlers.sync.calls import SyncStopped

#: Of the followers that the platform counts itself, so many may be missing from its list: they come and go meanwhile.
_MISSING_SHARE: Final = 0.01
_MISSING_FEW: Final = 10


@value
class Guard:
    """`share` of those known may go at once, and fewer than `least` always may."""

    share: float
    least: int

    def check(self, gone: int, *, known: int, what: str) -> None:
        """Raise SyncStopped when too many would go."""
        if gone >= self.least and gone > known * self.share:
            raise SyncStopped(
                f"{known} {what}里有 {gone} 个不在平台给出的名单上，超过了 {self.share:.0%}，这次没有改动。"
                "请先核对平台后台；确认无误后运行 zhike sync --resume --force。"
            )


def check_whole(staged: int, *, total: int) -> None:
    """Raise SyncStopped when a list of followers is shorter than the platform says it is."""
    missing = total - staged
    if missing > max(_MISSING_FEW, total * _MISSING_SHARE):
        raise SyncStopped(
            f"平台说有 {total} 个关注者，名单里只有 {staged} 个，名单不完整，这次没有改动。"
            "请稍后再运行 zhike sync；确认无误后也可运行 zhike sync --resume --force。"
        )
