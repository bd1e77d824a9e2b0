"""Jasmin 0.11.1 from PyPI with RabbitMQ and Redis from Debian, all on loopback, against our SMSC.

As published, 0.11.1 loses every receipt (jookies/jasmin#1236): the two lines its users mend are
mended here, too, or there would be nothing to compare.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from benchmarks.peers.feed import Receipts, feed
from benchmarks.peers.smsc import Counts, Smsc

VERSION: Final = "0.11.1"
HTTP, CONSOLE, SERVER, QUEUE, STORE, CALLBACK = 13401, 13890, 13775, 13672, 13379, 13414
PATIENCE: Final = 60.0  # seconds for one part to begin to answer
SETTLING: Final = 5.0  # and then to be ready

CONFIGURATION: Final = """[amqp-broker]
port = {queue}
spec = {spec}
[redis-client]
port = {store}
[http-api]
bind = 127.0.0.1
port = {http}
[jcli]
port = {console}
authentication = False
[smpp-server]
bind = 127.0.0.1
port = {server}
"""
SETUP: Final = (
    "smppccm -a\ncid bench\nhost 127.0.0.1\nport {smsc}\nusername bench\npassword bench\n"
    "submit_throughput 0\nok\n"
    "group -a\ngid bench\nok\n"
    "user -a\nuid bench\ngid bench\nusername bench\npassword bench\nok\n"
    "mtrouter -a\ntype DefaultRoute\nconnector smppc(bench)\nrate 0.00\nok\n"
    "smppccm -1 bench\n"
)


def install(folder: Path) -> Path:
    """Install everything; needs root for Debian's packages. Gives Jasmin's folder of programs."""
    if not (shutil.which("rabbitmq-server") and shutil.which("redis-server")):
        command = ["apt-get", "install", "-y", "--no-install-recommends"]
        environment = {**os.environ, "RUNLEVEL": "1", "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*command, "rabbitmq-server", "redis-server"], env=environment, check=True)
    programs = folder / "venv" / "bin"
    if not (programs / "jasmind.py").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        pip = [str(programs / "pip"), "install", "--quiet", f"jasmin=={VERSION}"]
        subprocess.run(pip, check=True)
        (listeners,) = (folder / "venv").glob("lib/*/site-packages/jasmin/managers/listeners.py")
        listeners.write_text(listeners.read_text().replace("_pdu.response.", "r.response."))
    return programs


@contextmanager
def _running(
    command: Sequence[str], port: int, log: Path, environment: dict[str, str]
) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.2)
        time.sleep(SETTLING)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def _gateway(programs: Path, folder: Path, smsc: Smsc) -> Iterator[None]:
    (spec,) = (programs.parent).glob("lib/*/site-packages/txamqp/specs/standard/amqp0-9-1*.xml")
    settings: dict[str, object] = {"queue": QUEUE, "store": STORE, "http": HTTP, "console": CONSOLE}
    settings |= {"server": SERVER, "spec": spec}
    configuration = folder / "jasmin.cfg"
    configuration.write_text(CONFIGURATION.format(**settings))
    for name in ("logs", "etc/store"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    rabbit = {
        "RABBITMQ_NODENAME": f"bench{os.getpid()}@localhost",
        "RABBITMQ_NODE_PORT": str(QUEUE),
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_DIST_PORT": str(QUEUE + 1),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "HOME": str(folder),
    }
    jasmin = {
        "CONFIG_PATH": f"{folder}/etc/",
        "LOG_PATH": f"{folder}/logs",
        "PYTHONUNBUFFERED": "1",
    }
    log = folder / "output.log"
    redis = ["redis-server", "--port", str(STORE), "--bind", "127.0.0.1", "--dir", str(folder)]
    daemon = [str(programs / "jasmind.py"), f"--config={configuration}"]
    daemon += ["--enable-dlr-thrower", "--enable-dlr-lookup"]
    daemon += ["--username=jcliadmin", "--password=jclipwd"]
    with ExitStack() as stack:
        stack.enter_context(_running(redis, STORE, log, {}))
        broker = [str(Path("/usr/lib/rabbitmq/bin/rabbitmq-server"))]
        stack.enter_context(_running(broker, QUEUE, log, rabbit))
        stack.enter_context(_running([str(programs / "python"), *daemon], HTTP, log, jasmin))
        _configure(smsc)
        yield


def _configure(smsc: Smsc) -> None:
    with socket.create_connection(("127.0.0.1", CONSOLE), 10) as console:
        for line in SETUP.format(smsc=smsc.port).splitlines():
            console.sendall(line.encode() + b"\r\n")
            time.sleep(0.2)
        time.sleep(3)  # the bind


def measure(folder: Path, smsc: Smsc, messages: int, *, seconds: float) -> Counts:
    """Send messages with receipts through Jasmin; gives what the SMSC saw."""
    folder.mkdir(parents=True, exist_ok=True)
    programs = install(folder)
    text = quote("Your parcel arrives on Monday between nine and twelve, order 123456.")
    url = quote(f"http://127.0.0.1:{CALLBACK}/", safe="")
    paths = [
        f"/send?username=bench&password=bench&from=12345&to=3161{n:07d}&content={text}"
        f"&dlr=yes&dlr-level=2&dlr-url={url}&dlr-method=GET"
        for n in range(messages)
    ]

    async def run() -> Counts:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Receipts, "127.0.0.1", CALLBACK)
        taken = await feed(HTTP, paths, b"Success")
        if taken != messages:
            raise RuntimeError(f"Jasmin took {taken} of {messages} messages")
        counts = await asyncio.to_thread(smsc.wait, messages, receipts=True, seconds=seconds)
        server.close()
        return counts

    with _gateway(programs, folder, smsc):
        smsc.reset()
        return asyncio.run(run())
