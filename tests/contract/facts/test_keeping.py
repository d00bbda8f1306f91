"""What a customer does not allow any more is destroyed, and nothing else."""

from __future__ import annotations

from handlers.facts.keeping import FactCare
from storage.fact_keeping import FactKeeping
from tests.contract.facts.conftest import Records


async def test_facts_go_with_their_consent_and_others_stay(records: Records) -> None:
    care = FactCare(FactKeeping(records.stores.database), clock=records.clock)
    z1, z2 = records.firm.customers["z1"], records.firm.customers["z2"]
    for person in ("z1", "l1", "w1"):
        await records.say(person, "sensitive", "granted")
    await records.bring(
        ("openid", "子女年龄", "所在城市"),
        *((person, "5", "上海") for person in ("z1", "l1", "w1")),
    )
    await records.bring(("customer", "有车"), (str(z2), "是"))
    await records.stores.customers.merge(kept=z1, gone=z2, cause="same", now=records.clock.now())
    idle = await care.run()
    await records.say("l1", "sensitive", "withdrawn")
    await records.say("z1", "profile", "withdrawn")
    went, again = await care.run(), await care.run()

    # Of z1 three, one of them under the number of who was merged; of l1 the sensitive one.
    assert (idle, went, again) == (0, 4, 0)
    left = await records.stores.rows("SELECT customer_id, attribute FROM fact_current ORDER BY customer_id, attribute")
    facts = [(row["customer_id"], row["attribute"]) for row in left]
    l1, w1 = records.firm.customers["l1"], records.firm.customers["w1"]
    assert sorted(facts) == sorted([(l1, "person.city"), (w1, "family.child_age"), (w1, "person.city")])
    assert await records.stores.count("fact") == 3


async def test_who_allows_it_again_keeps_what_is_there(records: Records) -> None:
    await records.bring(("openid", "person.city"), ("z1", "上海"))
    await records.say("z1", "profile", "refused")
    await records.say("z1", "profile", "granted")

    assert await FactCare(FactKeeping(records.stores.database), clock=records.clock).run() == 0
    assert await records.known("z1") == {"所在城市": "上海"}
