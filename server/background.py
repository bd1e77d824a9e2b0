"""The worker, beside the server in one process or alone in its own."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from delivery.callback.expiry import Expiry as EventExpiry
from delivery.callback.pusher import Pusher, PusherSettings
from delivery.carriers import Means, builder
from delivery.click_forgetting import ClickForgetting
from delivery.dump_expiry import DumpExpiry
from delivery.expiry import Expiry
from delivery.forgetting import Forgetting
from delivery.loop import Loop
from delivery.notification import Outbox
from delivery.partition import Partitions
from delivery.pull_expiry import PullExpiry
from delivery.purge import Purge
from delivery.receipt_keeping import ReceiptKeeping
from delivery.settings import DeliverySettings
from delivery.step import Tools
from delivery.worker import Worker
from delivery.workflows import Workflows
from domain.sandbox import Odds
from domain.unsubscription import OptOut
from policies.live import PolicyDirectory
from server.app import PACKAGED_POLICIES, Background, create_console
from server.request import Console
from server.settings import Settings

log = logging.getLogger(__name__)


def make_worker(settings: Settings, console: Console) -> Worker:
    """Put a worker together on what the process has opened."""
    delivery = DeliverySettings(
        batch=settings.claim_batch,
        in_flight=settings.in_flight,
        lease=timedelta(seconds=settings.lease_seconds),
        receipt_wait=timedelta(hours=settings.receipt_hours),
        application_delay=console.terms.application_delay,
        blocklist_delay=console.terms.blocklist_delay,
        opt_out=OptOut.of(console.terms.opt_out_words, console.terms.opt_out_window),
        odds=Odds(
            success_rate=settings.simulator_success_rate,
            delay=timedelta(seconds=settings.simulator_delay_seconds),
            seed=settings.simulator_seed,
        ),
        frequency=console.terms.frequency,
        alarm_fold=console.terms.alarm_fold,
    )
    tools = Tools(console.database, console.store, console.terms, console.clock, settings.mail)
    return Worker(
        console.database,
        builder(
            Means(
                database=console.database,
                vault=console.vault,
                clock=console.clock,
                settings=delivery,
            )
        ),
        Workflows(tools),
        console.clock,
        delivery,
        list(_chores(settings, console, tools, delivery)),
    )


def _chores(
    settings: Settings, console: Console, tools: Tools, delivery: DeliverySettings
) -> Iterator[Loop]:
    """List what a worker sees to at its own times."""
    database, clock = console.database, console.clock
    keep = timedelta(days=settings.callback_keep_days)
    pushing = PusherSettings(alone=database.is_sqlite)
    yield Pusher(database, console.vault, console.send, clock, pushing)
    yield Loop("receipts", ReceiptKeeping(database, clock, delivery.receipt_wait).step)
    yield Loop("dropping old events", EventExpiry(database, clock, keep).step)
    yield Loop("dropping what nobody pulls", PullExpiry(database, clock).step)
    yield Loop("the purge", Purge(tools).step)
    yield Loop("the expiry of packages", Expiry(tools).step)
    yield Loop("the expiry of dumps", DumpExpiry(tools).step)
    yield Loop("forgetting numbers", Forgetting(database, clock).step)
    addresses_kept = console.terms.click_addresses_kept
    yield Loop("forgetting clicks", ClickForgetting(database, clock, addresses_kept).step)
    yield Loop("forgetting notifications", Outbox(database, clock).step)
    if not database.is_sqlite:
        months = Partitions(database, clock, settings.message_months)
        yield Loop("the months of messages", months.step)


def embedded_worker(settings: Settings) -> Background:
    """Give what runs a worker for as long as a server serves."""

    @asynccontextmanager
    async def run(console: Console) -> AsyncIterator[None]:
        worker = make_worker(settings, console)
        task = asyncio.create_task(worker.run(), name="worker")
        task.add_done_callback(_stop_serving)
        console.listeners.append(worker.wake)
        console.troubles.append(
            lambda: "the worker has stopped" if task.done() else worker.trouble()
        )
        console.ending.on_begin(lambda: None if task.done() else worker.stop())
        try:
            yield
        finally:
            console.ending.begin()
            await task

    return run


def _stop_serving(task: asyncio.Task[None]) -> None:
    # A server whose worker is gone would take tasks that nobody sends.
    if not task.cancelled() and task.exception():
        log.critical("the worker has failed and the server stops: %s", task.exception())
        signal.raise_signal(signal.SIGTERM)


async def run_worker(settings: Settings, backgrounds: Sequence[Background] = ()) -> None:
    """Run a worker, and what tells of it, until the process is told to end."""
    console = create_console(settings, PolicyDirectory(settings.policies or PACKAGED_POLICIES))
    worker = make_worker(settings, console)
    console.ending.on_begin(worker.stop)
    console.troubles.append(worker.trouble)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, console.ending.begin)
    log.info("worker %s starts", worker.name)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(console.database.close)
        stack.push_async_callback(console.send.close)
        for background in backgrounds:
            await stack.enter_async_context(background(console))
        await worker.run()
