"""As a program, a worker that stands still while it tells somebody, to be killed there.

`python -m tests.delivery.telling DATABASE FILES PORT WHEN` relays what is due and waits for ever
before a mail is handed over, or after it, as WHEN says.
"""

import asyncio
import sys
from typing import Any

import pytest

from db.session import Database
from db.store import Store
from delivery import mail
from delivery.mail import MailServer, Security
from delivery.step import Tools
from delivery.workflows import Workflows
from domain.terms import Terms
from tests.console import START, Clock
from tests.mailing import SENDER


async def main(url: str, files: str, port: int, when: str) -> None:
    """Work on what is due, and stand still."""
    server = MailServer(host="localhost", port=port, security=Security.NONE, sender=SENDER)
    tools = Tools(Database(url), Store.open(files), Terms(), Clock(), server)
    workflows, send, stands = Workflows(tools), mail.send, asyncio.Event()

    async def stand(*given: Any) -> None:
        if when == "after":
            await send(*given)
        stands.set()
        await asyncio.Event().wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mail, "send", stand)
        await workflows.start()
        await workflows.relay(START)
        await stands.wait()
        print("stands", flush=True)  # noqa: T201 - the test waits for this line
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
