"""The worker, beside the server in one process or alone in its own."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from delivery.callback.expiry import Expiry
from delivery.callback.pusher import Pusher, PusherSettings
from delivery.carriers import CARRIERS
from delivery.expiry import Expiry
from delivery.forgetting import Forgetting
from delivery.loop import Loop
from delivery.notification import Outbox
from delivery.purge import Purge
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
        {
            name: build(console.database, console.clock, delivery)
            for name, build in CARRIERS.items()
        },
        Workflows(tools),
        console.clock,
        delivery,
        [
            Pusher(
                console.database, console.vault, console.send, console.clock, PusherSettings()
            ),
            Loop(
                "dropping old events",
                Expiry(
                    console.database,
                    console.clock,
                    timedelta(days=settings.callback_keep_days),
                ).step,
            ),
            Loop("the purge", Purge(tools).step),
            Loop("the expiry of packages", Expiry(tools).step),
            Loop("forgetting numbers", Forgetting(console.database, console.clock).step),
            Loop("forgetting notifications", Outbox(console.database, console.clock).step),
        ],
    )


def embedded_worker(settings: Settings) -> Background:
    """Give what runs a worker for as long as a server serves."""

    @asynccontextmanager
    async def run(console: Console) -> AsyncIterator[None]:
        worker = make_worker(settings, console)
        task = asyncio.create_task(worker.run(), name="worker")
        task.add_done_callback(_stop_serving)
        console.listeners.append(worker.wake)
        try:
            yield
        finally:
            worker.stop()
            await task

    return run


def _stop_serving(task: asyncio.Task[None]) -> None:
    # A server whose worker is gone would take tasks that nobody sends.
    if not task.cancelled() and task.exception():
        log.critical("the worker has failed and the server stops: %s", task.exception())
        signal.raise_signal(signal.SIGTERM)


async def run_worker(settings: Settings) -> None:
    """Run a worker until the process is told to end."""
    console = create_console(settings, PolicyDirectory(settings.policies or PACKAGED_POLICIES))
    worker = make_worker(settings, console)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    log.info("worker %s starts", worker.name)
    try:
        await worker.run()
    finally:
        await console.send.close()
        await console.database.close()
