"""The runs that reconcile with the platforms, over the API."""

from __future__ import annotations

from content.rights import Permission
from tests.contract.api.served import Served
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores
from tests.fakes.synced import stopped_sync


async def test_runs_are_listed_newest_first_with_their_counts(
    api: Served, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    secret = await api.key(Permission.OPERATIONS_READ)
    first = await stopped_sync(stores, clock)
    await clock.advance(60)
    second = await stopped_sync(stores, clock)
    page = await api.get("/syncs?limit=1", secret)
    rest = await api.get("/syncs", secret, params={"cursor": page["next"]})
    [newest] = page["syncs"]

    assert ([newest["id"]], [run["id"] for run in rest["syncs"]]) == ([second.id], [first.id])
    assert (newest["what"], newest["state"], newest["seen"], newest["new"]) == ("departments", "stopped", 7, 1)
    assert (newest["detail"], newest["dry_run"], newest["started_by"]) == ("名单不完整", False, "nightly")
