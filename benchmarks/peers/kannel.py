"""Kannel from Debian, unpacked and not installed: bearerbox and smsbox against our SMSC."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from benchmarks.peers.feed import Receipts, feed
from benchmarks.peers.smsc import Counts, Smsc

PACKAGES: Final = (
    "kannel",
    "freetds-common",
    "libct4",
    "libhiredis0.14",
    "libmariadb3",
    "libpcre3",
)
ADMIN, BOXES, HTTP, CALLBACK = 13100, 13101, 13113, 13114
START_SECONDS: Final = 5.0
WINDOW: Final = 100

CONFIGURATION: Final = """group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = bench
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
store-type = file
store-file = {folder}/kannel.store
dlr-storage = internal
log-file = {folder}/bearerbox.log
log-level = 2
box-allow-ip = "127.0.0.1"

group = smsc
smsc = smpp
smsc-id = bench
host = 127.0.0.1
port = {smsc}
smsc-username = bench
smsc-password = bench
system-type = ""
transceiver-mode = true
max-pending-submits = {window}

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {http}
log-file = {folder}/smsbox.log
log-level = 2

group = sendsms-user
username = bench
password = bench
max-messages = 1
concatenation = true
"""


def unpack(folder: Path) -> Path:
    """Fetch and unpack the packages; gives the folder that stands for the root."""
    root = folder / "root"
    if not root.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", *PACKAGES], cwd=folder, check=True)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(root)], check=True)
    return root


@contextmanager
def _running(root: Path, folder: Path, smsc: Smsc) -> Iterator[None]:
    configuration = folder / "kannel.conf"
    configuration.write_text(
        CONFIGURATION.format(
            admin=ADMIN, boxes=BOXES, http=HTTP, folder=folder, smsc=smsc.port, window=WINDOW
        )
    )
    libraries = ":".join(
        str(root / place) for place in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
    )
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries}
    boxes = []
    try:
        for name in ("bearerbox", "smsbox"):
            command = [str(root / "usr/sbin" / name), str(configuration)]
            boxes.append(
                subprocess.Popen(
                    command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )
            time.sleep(START_SECONDS)
        yield
    finally:
        for box in reversed(boxes):
            box.kill()
            box.wait()


def measure(folder: Path, smsc: Smsc, messages: int, *, seconds: float) -> Counts:
    """Send messages with receipts through Kannel; gives what the SMSC saw."""
    root = unpack(folder)
    text = quote("Your parcel arrives on Monday between nine and twelve, order 123456.")
    url = quote(f"http://127.0.0.1:{CALLBACK}/", safe="")
    paths = [
        f"/cgi-bin/sendsms?username=bench&password=bench&from=12345&to=%2B3161{n:07d}"
        f"&text={text}&dlr-mask=3&dlr-url={url}"
        for n in range(messages)
    ]

    async def run() -> Counts:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Receipts, "127.0.0.1", CALLBACK)
        taken = await feed(HTTP, paths, b"Accepted for delivery")
        if taken != messages:
            raise RuntimeError(f"Kannel took {taken} of {messages} messages")
        counts = await asyncio.to_thread(smsc.wait, messages, receipts=True, seconds=seconds)
        server.close()
        return counts

    smsc.reset()
    with _running(root, folder, smsc):
        return asyncio.run(run())
