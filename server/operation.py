"""What is told of each GraphQL operation: a measurement, a span, and a line of the log."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from cross_web import HTTPException
from graphql import GraphQLError

from delivery.trace import span
from graph.context import Context
from graph.errors import CODES
from server.log import REQUEST
from server.metric import OPERATION

OK: Final = "ok"
GIVEN_UP: Final = "given up"
MISTAKE: Final = "BAD_USER_INPUT"
NAME_MOST: Final = 60  # characters of the name a client gave that are kept
UNREAD: Final = "none"  # the kind of what could not be read as an operation

log = logging.getLogger(__name__)


class Watch:
    """One operation as it is answered; given up unless `answered` says otherwise."""

    def __init__(self) -> None:
        self.outcome = GIVEN_UP

    def answered(self, errors: Sequence[GraphQLError]) -> None:
        """Take the code of the first error, of those that are published."""
        code = (errors[0].extensions or {}).get("code") if errors else OK
        self.outcome = code if code in CODES or code == OK else MISTAKE


@contextmanager
def watched(context: Context) -> Iterator[Watch]:
    """Watch what happens in the block, which answers one operation of this request."""
    who = context.principal
    facts: dict[str, object] = {"request": context.request_id}
    if who is not None:
        facts |= {"user": who.uin, "account": who.account_uin}
    token = REQUEST.set(facts)
    watch, started = Watch(), time.perf_counter()
    try:
        with span("graphql operation") as running:
            try:
                yield watch
            except HTTPException:  # a document that holds no such operation
                watch.outcome = MISTAKE
                raise
            finally:
                name, kind = context.operation or ("", UNREAD)
                running.set_attribute("graphql.operation.name", name[:NAME_MOST])
                running.set_attribute("graphql.operation.type", kind)
                running.set_attribute("sms_console.outcome", watch.outcome)
    finally:
        seconds = time.perf_counter() - started
        OPERATION.labels(kind, watch.outcome).observe(seconds)
        told = {"operation": name[:NAME_MOST], "outcome": watch.outcome}
        log.info("%s answered", kind, extra={**told, "milliseconds": round(seconds * 1e3, 1)})
        REQUEST.reset(token)
