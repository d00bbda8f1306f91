"""How much one list may take away."""

from __future__ import annotations

import pytest

from handlers.sync.calls import SyncStopped
from handlers.sync.limits import Guard, check_whole


@pytest.mark.parametrize(("gone", "known"), [(0, 0), (2, 2), (3, 30), (100, 1000)])
def test_few_or_a_small_share_may_go(gone: int, known: int) -> None:
    Guard(share=0.1, least=3).check(gone, known=known, what="员工")


@pytest.mark.parametrize(("gone", "known"), [(3, 3), (3, 29), (101, 1000)])
def test_a_larger_share_stops_and_says_what_to_do(gone: int, known: int) -> None:
    with pytest.raises(SyncStopped, match="zhike sync --resume --force"):
        Guard(share=0.1, least=3).check(gone, known=known, what="员工")


def test_a_list_may_lack_a_few_of_those_the_platform_counts() -> None:
    check_whole(990, total=1000)
    check_whole(0, total=0)
    with pytest.raises(SyncStopped, match="名单不完整"):
        check_whole(985, total=1000)
