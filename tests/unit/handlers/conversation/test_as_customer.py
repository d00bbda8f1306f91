"""Who is staff: whoever writes on a channel of staff and is bound, and nobody else."""

from __future__ import annotations

import pytest

from handlers.conversation.standing import as_customer
from storage.records import Person, StaffRow

_PERSON = Person(
    account_id=1,
    identity_id=2,
    customer_id=3,
    conversation_id=4,
    realm="ww1",
    external_id="wmAlice",
    followed=None,
    quota_left=0,
    quota_until=None,
    unreachable=None,
    consent_rows={},
    staff=StaffRow(realm="ww1", userid="wmalice", name="王", role="agent", branch=""),
)


@pytest.mark.parametrize(("channel", "is_staff"), [("wecom", True), ("aibot", True), ("kf", False), ("wechat", False)])
def test_a_customer_is_never_staff_whatever_id_the_corporation_has_given_its_members(
    channel: str, is_staff: bool
) -> None:
    assert (as_customer(_PERSON, channel=channel).staff is not None) is is_staff
