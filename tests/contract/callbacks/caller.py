"""An insurer whose policies wait for their call-back, and what customers say to its bot."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from content.callback import Callback
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

#: Of the built-in questions.
IDS: Final = tuple(question.id for question in CONTENT.callback.questions)
PHONE: Final = "13900001234"
SOON: Final = date(2026, 5, 16)


class Caller:
    """A policy source with one holder, the phone that codes go to, and the bot over both."""

    def __init__(self, house: House, firm: Firm) -> None:
        self.house = house
        self.firm = firm
        self.stores = house.stores
        self.bindings = PolicyBindings(house.stores.database)
        self.due: dict[str, date | None] = {"P20260001": SOON}
        self._codes: list[str] = []
        self.open()

    def open(self, authored: Callback = CONTENT.callback, *, catch_all: int | None = None) -> None:
        """Let the bot serve, as a process does that has just started with this content."""
        database, clock, phrasing = self.stores.database, self.house.clock, Phrasing(CONTENT)
        callbacks = CallbackDesk(
            authored,
            phrasing,
            callbacks=Callbacks(database),
            bindings=self.bindings,
            history=self.stores.history,
            clock=clock,
            catch_all=catch_all,
        )
        self.house.with_policies(
            PolicyDesk(
                source=self,
                codes=self,
                bindings=self.bindings,
                tasks=Tasks(database),
                texts=CONTENT.policies,
                phrasing=phrasing,
                clock=clock,
                config=PolicyConfig(key=b"k" * 32),
                callbacks=callbacks,
            )
        )

    # The insurer's systems

    async def find(self, *, name: str, policy: str, id_tail: str) -> Holder | None:
        return Holder(holder="H1", phone=PHONE)

    async def holder(self, holder: str) -> Holder | None:
        return Holder(holder=holder, phone=PHONE)

    async def book(self, holder: str) -> PolicyBook:
        policies = tuple(
            Policy(number=number, product=f"险{number[-1]}", insured="林小宝", status="有效", callback_due=due)
            for number, due in self.due.items()
        )
        return PolicyBook(as_of=self.house.clock.now(), policies=policies, cases=())

    async def send(self, phone: str, text: str, *, key: str) -> None:
        self._codes.append("".join(filter(str.isdigit, text.partition("验证码")[2]))[:6])

    # What customers do

    async def says(self, person: str, words: str) -> str:
        """Let a customer write; return what is answered."""
        return "\n".join(await self.house.says(person, words))

    async def taps(self, person: str, question: str, value: str, *, number: int | None = None) -> str:
        """Let a customer tap an answer of their newest round, or of that number."""
        number = number or (await self.rounds(person))[-1]["id"]
        return "\n".join(await self.house.says(person, value, option=f"callback.{number}.{question}.{value}"))

    async def begin(self, person: str, words: str = "回访") -> str:
        """Bind a customer, let them ask for the call-back and show who they are; return what is answered."""
        await self.bindings.bind(self.firm.customers[person], "H1", cause="chat", now=self.house.clock.now())
        before = len(self._codes)
        said = await self.says(person, words)
        return await self.says(person, self._codes[-1]) if len(self._codes) > before else said

    async def finish(self, person: str) -> str:
        """Answer everything with yes; return the last words."""
        return [await self.taps(person, question, "yes") for question in IDS][-1]

    # What is kept

    async def rounds(self, person: str) -> list[dict[str, Any]]:
        """Return a customer's rounds, the oldest first."""
        return await self.stores.rows(
            "SELECT c.* FROM callback c JOIN identity i ON i.id = c.identity_id "
            "WHERE i.external_id = :who ORDER BY c.id",
            who=person,
        )

    async def answers(self, person: str) -> list[tuple[str, str]]:
        """Return question and value of everything a customer answered, in order."""
        rows = await self.stores.rows(
            "SELECT a.* FROM callback_answer a JOIN callback c ON c.id = a.callback_id "
            "JOIN identity i ON i.id = c.identity_id WHERE i.external_id = :who ORDER BY a.seq",
            who=person,
        )
        return [(row["question"], row["value"]) for row in rows]

    async def tasks(self, person: str) -> list[tuple[str, str | None, str]]:
        """Return state, owner and phrases of the tasks that a customer's doubts made."""
        rows = await self.stores.rows(
            "SELECT t.id, t.state, s.userid FROM task t LEFT JOIN staff s ON s.id = t.owner_id "
            "WHERE t.cause = 'callback' AND t.customer_id = :customer ORDER BY t.id",
            customer=self.firm.customers[person],
        )
        found = []
        for row in rows:
            phrases = await self.stores.rows(
                "SELECT phrase FROM task_evidence WHERE task_id = :id ORDER BY id", id=row["id"]
            )
            found.append((row["state"], row["userid"], "，".join(each["phrase"] for each in phrases)))
        return found


LATER: Final = timedelta(minutes=16).total_seconds()
