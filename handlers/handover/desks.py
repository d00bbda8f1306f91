"""Both sides of a handover in chat, as the routes take them."""

from __future__ import annotations

from content.value import value
from handlers.handover.agents import AgentDesk
from handlers.handover.customers import CustomerDesk


@value
class HandoverDesks:
    """What customers say around a handover, and what staff who serve say."""

    customers: CustomerDesk
    agents: AgentDesk
