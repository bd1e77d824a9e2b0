"""A sender that posts nowhere: keeps what was posted and answers as told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.callback import Heard

TAKEN = Heard(status=200, body=b'{"result":0,"errmsg":"OK"}')


@dataclass(frozen=True, slots=True)
class Post:
    """One POST."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Posts:
    """Answers what `answers` has for a URL, one after the other, then `answer`."""

    answer: Heard = TAKEN
    answers: dict[str, list[Heard]] = field(default_factory=dict)
    all: list[Post] = field(default_factory=list)

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Heard:
        """Keep a POST and answer it."""
        self.all.append(Post(url, headers, body))
        scripted = self.answers.get(url)
        return scripted.pop(0) if scripted else self.answer
