"""The words in addresses and paths of links, which make a point findable by its links.

``https://docs.example.org/guides/dry-dock_2.html?v=1`` has the words of its host, without the
common parts of hosts, and of its path: ``docs example guides dry dock 2``.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(?://)?", re.IGNORECASE)
# Other schemes identify a place in a program: ``zotero://select/items/3_ABCD``.
_WEB = frozenset({"http", "https", "ftp", "ftps", "sftp", "gemini", "file", "mailto"})
_BARE_HOST = re.compile(r"(?:www\.)?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,6}(?:/|$)", re.IGNORECASE)
_WORDS = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_SUFFIX = re.compile(
    r"\.(?:html?|php|aspx?|jsp|md|markdown|pdf|png|jpe?g|gif|svg|webp|avif|mp4|mp3|canvas)$",
    re.IGNORECASE,
)
_HOST_NOISE = frozenset({"www", "co", "ac"})
# Ids and hashes, which nobody types.
_ID = re.compile(r"(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{10,}|[0-9]{7,}|[0-9a-f]{16,}", re.IGNORECASE)
_MAX_WORD_CHARS = 30
_MAX_WORDS = 24


def address_words(target: str) -> str:
    """Return the words of the address or path that a link leads to, on one line.

    :param target: as written; anchors and query strings are ignored.
    :return: empty if it contains no words.
    """
    scheme = _SCHEME.match(target)
    if scheme and scheme.group(1).lower() not in _WEB:
        return ""
    rest = target[scheme.end() :] if scheme else target
    rest = rest.partition("#")[0].partition("?")[0]
    host, path = "", rest
    if scheme or _BARE_HOST.match(rest):
        host, _, path = rest.partition("/")
        host = host.rpartition(":")[0] or host if host.rpartition(":")[2].isdigit() else host
    path = _SUFFIX.sub("", unquote(path))
    labels = host.replace("@", ".").split(".")[:-1] if "." in host else [host]
    words = [word for label in labels if label not in _HOST_NOISE for word in _WORDS.findall(label)]
    words += _WORDS.findall(path)
    kept = [word for word in words if len(word) <= _MAX_WORD_CHARS and not _ID.fullmatch(word)]
    return " ".join(kept[:_MAX_WORDS])
