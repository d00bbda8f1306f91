"""What the process counts, for Prometheus: callbacks by outcome and their times; gauges that are read when asked."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from handlers.clock import Clock
from handlers.conversation.lanes import Lanes
from storage.errors import StorageError
from storage.handover_list import HandoverList
from storage.outbox import Outbox
from storage.replies import Replies

_DAY = timedelta(days=1)
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 4.5, 5.0)


class Meters:
    """All meters of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.callbacks = Counter(
            "zhike_callbacks", "Callbacks by outcome.", ("account", "outcome"), registry=self.registry
        )
        self.seconds = Histogram(
            "zhike_callback_seconds",
            "From a callback's arrival to its answer.",
            ("account",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.deliveries = Gauge("zhike_deliveries_open", "Unsettled deliveries.", ("state",), registry=self.registry)
        self.settled = Counter(
            "zhike_deliveries_settled", "Deliveries settled by this process.", ("state",), registry=self.registry
        )
        self.swept = Counter(
            "zhike_replies_swept",
            "Replies whose attempts ended unanswered.",
            ("state",),
            registry=self.registry,
        )
        self.lanes = Gauge("zhike_conversations_held", "Conversations held by this process.", registry=self.registry)
        self.handovers = Gauge(
            "zhike_handovers_open", "Handovers to a person that are open.", ("state",), registry=self.registry
        )
        self.longest_wait = Gauge(
            "zhike_handover_longest_wait_seconds", "How long the first in line has waited.", registry=self.registry
        )
        self.handover_waiting = Gauge(
            "zhike_handover_waiting_seconds", "Mean time until acceptance, of the last day.", registry=self.registry
        )
        self.first_reply = Gauge(
            "zhike_handover_first_reply_seconds",
            "Mean time until a reply, of the last day.",
            registry=self.registry,
        )
        self.database = Gauge("zhike_database_up", "Whether the database answered just now.", registry=self.registry)
        self.oldest = Gauge(
            "zhike_oldest_unhandled_seconds", "Age of the oldest unhandled message.", registry=self.registry
        )

    def delivery_settled(self, state: str) -> None:
        """Count one delivery that became `state`."""
        self.settled.labels(state).inc()

    def replies_swept(self, state: str, count: int) -> None:
        """Count replies that a sweep settled as `state`."""
        self.swept.labels(state).inc(count)

    def of_account(self, account: str) -> CallbackMeter:
        """Return the meter of one account's callbacks."""
        return CallbackMeter(self, account)


class CallbackMeter:
    """Counts one account's callbacks; the labelled children are looked up once."""

    def __init__(self, meters: Meters, account: str) -> None:
        self._meters = meters
        self._account = account
        self._counters: dict[str, Counter] = {}
        self._seconds = meters.seconds.labels(account)

    def count(self, outcome: str) -> None:
        """Count one callback that came to `outcome`."""
        counter = self._counters.get(outcome)
        if counter is None:
            counter = self._counters[outcome] = self._meters.callbacks.labels(self._account, outcome)
        counter.inc()

    def observe(self, outcome: str, seconds: float) -> None:
        """Count one callback and how long its answer took."""
        self.count(outcome)
        self._seconds.observe(seconds)


class MetricsPage:
    """`/metrics`."""

    def __init__(
        self,
        meters: Meters,
        *,
        outbox: Outbox,
        replies: Replies,
        handovers: HandoverList,
        lanes: Lanes,
        clock: Clock,
    ) -> None:
        self._meters = meters
        self._outbox = outbox
        self._replies = replies
        self._handovers = handovers
        self._lanes = lanes
        self._clock = clock

    async def show(self, _request: web.Request) -> web.Response:
        """Return all meters; some gauges are read from the database now, and stand still while it is away."""
        self._meters.lanes.set(self._lanes.held)
        try:
            await self._read()
        except StorageError:
            self._meters.database.set(0)
        else:
            self._meters.database.set(1)
        return web.Response(body=generate_latest(self._meters.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _read(self) -> None:
        for state, count in (await self._outbox.counts()).items():
            self._meters.deliveries.labels(state).set(count)
        oldest = await self._replies.oldest_waiting()
        self._meters.oldest.set((self._clock.now() - oldest).total_seconds() if oldest else 0)
        await self._read_handovers()

    async def _read_handovers(self) -> None:
        now = self._clock.now()
        line = await self._handovers.standing(since=now - _DAY)
        for state, count in line.states.items():
            self._meters.handovers.labels(state).set(count)
        self._meters.longest_wait.set((now - line.longest_since).total_seconds() if line.longest_since else 0)
        self._meters.handover_waiting.set(line.waiting.total_seconds() if line.waiting else 0)
        self._meters.first_reply.set(line.first_reply.total_seconds() if line.first_reply else 0)
