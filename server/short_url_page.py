"""The pages of short URLs that do not redirect (URL-2): whole in themselves, and without scripts.

Recipients read them on phones, in either of the two languages that messages are written in.
"""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.responses import HTMLResponse

_STYLE: Final = (
    "body{margin:15vh auto;max-width:32rem;padding:0 1.5rem;font:1.1rem/1.6 system-ui,sans-serif;"
    "color:#1a1a1a;background:#fff}h1{font-size:1.5rem}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}}"
)
_DIGEST: Final = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
RETRY_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Page:
    """One page and the status it comes with; one that `retries` asks again by itself."""

    status: HTTPStatus
    title: str
    says: str
    title_zh: str
    says_zh: str
    retries: bool = False

    def response(self) -> HTMLResponse:
        """Give the page as an answer."""
        headers = {"content-security-policy": POLICY, "x-robots-tag": "noindex"}
        if self.retries:
            headers["retry-after"] = str(RETRY_SECONDS)
        return HTMLResponse(self._html(), status_code=self.status, headers=headers)

    def _html(self) -> str:
        again = f'<meta http-equiv="refresh" content="{RETRY_SECONDS}">\n' if self.retries else ""
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"{again}<title>{self.title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
            f"<main>\n<h1>{self.title}</h1>\n<p>{self.says}</p>\n"
            f'<section lang="zh-CN">\n<h1>{self.title_zh}</h1>\n<p>{self.says_zh}</p>\n'
            "</section>\n</main>\n</body>\n</html>\n"
        )


GONE: Final = Page(
    HTTPStatus.GONE,
    "This link has expired",
    "It no longer leads anywhere. Ask whoever sent it to you for a new one.",
    "链接已失效",
    "该链接已过期或已删除。请向发送方索取新的链接。",
)
UNKNOWN: Final = Page(
    HTTPStatus.NOT_FOUND,
    "There is no such link",
    "Check that the address is written as in the message you got.",
    "链接不存在",
    "请核对网址是否与收到的短信一致。",
)
BUSY: Final = Page(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "One moment, please",
    "Many people are opening this link. This page tries again by itself.",
    "请稍候",
    "访问人数较多。页面将自动重试。",
    retries=True,
)
