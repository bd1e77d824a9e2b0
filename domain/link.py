"""Web addresses inside a text: constants in a template, never a variable's value (TPL-2)."""

import re
import unicodedata
from typing import Final

# Endings that make a bare "label.ending" an address; those that are English words too
# ("paid.In two days") count only with a path behind them, as shorteners write them.
_ENDING: Final = (
    "com|cn|net|org|gov|edu|int|mil|io|co|cc|tv|top|xyz|info|biz|site|vip|club|shop|store|online|app"
    "|link|live|tech|ink|wang|ren|fun|icu|work|asia|mobi|name|pro|dev|ai|ly|gl|hk|tw|mo|jp|kr|uk|eu"
    "|de|fr|ru|sg|th|vn|ph|au|ca|nz|br|mx|es|nl|ch|se|pl|tk|ml|cf|ga|pw|ws"
)
_ENDING_WITH_PATH: Final = f"{_ENDING}|me|to|in|is|it|at|us|so|am|be|im|do|gd|sh|st|id|my|no"
_LABEL: Final = r"(?:[\w-]|\{[0-9]+\}){1,63}\."
_REST: Final = r"[A-Za-z0-9._~:/?#@&+=%{}-]"

_LINK: Final = re.compile(
    rf"[a-z][a-z0-9+]{{1,15}}://{_REST}+"
    rf"|(?<![@a-z0-9_.-])www\.{_REST}+"
    rf"|(?<![@\w.-])(?:{_LABEL}){{1,8}}(?:{_ENDING_WITH_PATH})(?::[0-9]+)?/{_REST}*"
    rf"|(?<![@\w.-])(?:{_LABEL}){{1,8}}(?:{_ENDING})(?![\w-])(?:[:?#]{_REST}*)?"
    rf"|(?<![\w.])(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}(?::[0-9]+)?/{_REST}*",
    re.IGNORECASE,
)


# Every address has a dot or a colon, also in the compatibility forms NFKC folds to them.
_HINT: Final = re.compile("[.:\u2024\u2488-\u249b\ufe13\ufe52\ufe55\uff0e\uff1a]")


def links(text: str) -> list[str]:
    """Find web addresses, full or bare (t.cn/x), in any width; template variables may be inside.

    A mail address is none.
    """
    if not _HINT.search(text):
        return []
    return _LINK.findall(unicodedata.normalize("NFKC", text))
