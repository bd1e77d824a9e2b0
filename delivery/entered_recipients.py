"""Filling a bulk task with numbers entered by hand: at most a hundred, so they are one batch."""

from typing import Final

import orjson

from db import checking
from db.checking import Progress, Work
from delivery.step import Job, Tools
from domain import number
from domain.errors import Problem
from domain.recipient import Found, one_text
from domain.region import Region
from domain.segment import Measure

BYTES_MOST: Final = 2**20  # a hundred numbers take a few thousand


async def store_numbers(tools: Tools, job: Job, work: Work) -> bool:
    """Keep the numbers; False when overtaken. Raises Refused when the text is too long."""
    if work.rows_seen:
        return True
    size = one_text(work.template, work.signature, work.region, work.identity)
    data = await tools.store.get(work.file_key, limit=BYTES_MOST)
    entries: list[tuple[int, str]] = orjson.loads(data)
    found = _sort(entries, work.region, size)
    async with tools.database.write() as session:
        return await checking.store(
            session,
            job.subject_id,
            job.id,
            found,
            before=0,
            progress=Progress(len(entries), len(entries)),
            now=tools.clock(),
        )


def _sort(entries: list[tuple[int, str]], region: Region, size: Measure) -> Found:
    found, first = Found(), dict[str, int]()
    for line, value in entries:
        one = number.parse(value, region)
        if isinstance(one, Problem):
            found.errors.append((line, "", one.code, value, one.message))
        elif one.e164 in first:
            found.duplicates.append((line, first[one.e164], one.e164))
        else:
            first[one.e164] = line
            found.recipients.append(
                (line, one.e164, one.country, [], size.characters, size.segments)
            )
    return found
