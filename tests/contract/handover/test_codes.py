"""A one-time code is for the bot's check, and nobody who serves the customer gets to see it."""

from __future__ import annotations

import pytest

from content.policy import Holder, Policy, PolicyBook
from handlers.callbacks.desk import CallbackDesk
from handlers.conversation.phrasing import Phrasing
from handlers.policies.desk import PolicyConfig, PolicyDesk
from storage.callbacks import Callbacks
from storage.policy_bindings import PolicyBindings
from storage.tasks import Tasks
from tests.contract.handover.house import House
from tests.fakes.firm import Firm
from tests.fakes.handover_rooms import CONTENT


class Insurer:
    """A policy source with one holder, and the phone that codes go to."""

    def __init__(self, house: House) -> None:
        self._clock = house.clock
        self.phone: list[str] = []

    async def find(self, *, name: str, policy: str, id_tail: str) -> Holder | None:
        return Holder(holder="H1", phone="13900001234")

    async def holder(self, holder: str) -> Holder | None:
        return Holder(holder=holder, phone="13900001234")

    async def book(self, holder: str) -> PolicyBook:
        policy = Policy(number="P20260001", product="重疾险", insured="林小宝", status="有效")
        return PolicyBook(as_of=self._clock.now(), policies=(policy,), cases=())

    async def send(self, phone: str, text: str, *, key: str) -> None:
        self.phone.append("".join(filter(str.isdigit, text.partition("验证码")[2]))[:6])


@pytest.fixture
async def insurer(house: House, firm: Firm) -> Insurer:
    """Return the insurer's systems, with z1 bound to the holder there."""
    insurer, bindings = Insurer(house), PolicyBindings(house.stores.database)
    await bindings.bind(firm.customers["z1"], "H1", cause="chat", now=house.clock.now())
    house.with_policies(
        PolicyDesk(
            source=insurer,
            codes=insurer,
            bindings=bindings,
            tasks=Tasks(house.stores.database),
            texts=CONTENT.policies,
            phrasing=Phrasing(CONTENT),
            clock=house.clock,
            config=PolicyConfig(key=b"k" * 32),
            callbacks=CallbackDesk(
                CONTENT.callback,
                Phrasing(CONTENT),
                callbacks=Callbacks(house.stores.database),
                bindings=bindings,
                history=house.stores.history,
                clock=house.clock,
            ),
        )
    )
    return insurer


async def test_a_code_typed_while_somebody_serves_is_checked_and_never_relayed(house: House, insurer: Insurer) -> None:
    await house.on_duty("zhang")
    await house.says("z1", "我的保单")
    await house.serve("z1", "zhang")
    [code] = insurer.phone
    wrong = "000000" if code != "000000" else "111111"
    [missed], [shown] = await house.says("z1", wrong), await house.says("z1", code)

    assert "还可以再试 2 次" in missed
    assert "保单尾号 0001" in shown
    told = "".join(await house.told("zhang"))
    assert code not in told
    assert wrong not in told


async def test_six_digits_that_nobody_waits_for_are_for_whoever_serves(house: House, insurer: Insurer) -> None:
    await house.on_duty("zhang")
    await house.says("z1", "我的保单")
    await house.clock.advance(5 * 60 + 1)
    assert "已失效" in (await house.says("z1", insurer.phone[0]))[0]
    await house.clock.advance(5 * 60)
    await house.serve("z1", "zhang")
    assert await house.says("z1", "310115") == []
    assert "310115" in (await house.told("zhang"))[-1]
