"""Who of the staff is seen by whom: people's scopes, too, which no API key has."""

from __future__ import annotations

import pytest

from storage.staff_list import StaffList
from tests.fakes.firm import STAFF, Firm
from tests.fakes.stores import OpenStores

_EVERYBODY = {person.userid for person in STAFF}
_SEEN = {
    "zhang": {"zhang"},
    "sun": {"zhang", "li", "sun"},
    "qian": {"zhang", "li", "wang", "sun", "qian", "zhou"},
    "wu": _EVERYBODY,
    "admin": _EVERYBODY,
}


@pytest.mark.parametrize("viewer", _SEEN)
async def test_staff_are_seen_within_the_scope(stores: OpenStores, firm: Firm, viewer: str) -> None:
    staff, who = StaffList(stores.database), await firm.viewer(viewer)
    page = await staff.page(viewer=who, limit=100)
    named = [card for userid in _EVERYBODY for card in await staff.named(userid.upper(), viewer=who)]

    assert {card.userid for card in page} == _SEEN[viewer]
    assert {card.userid for card in named} == _SEEN[viewer]


async def test_a_userid_is_asked_for_within_a_realm(stores: OpenStores, firm: Firm) -> None:
    staff, who = StaffList(stores.database), await firm.viewer("wu")
    assert [card.name for card in await staff.named("li", viewer=who, realm="ww-realm")] == ["Li"]
    assert await staff.named("li", viewer=who, realm="ww-other") == []
