"""Names folded for comparison: tags, folders, paths and property values."""

from __future__ import annotations

import unicodedata


def fold_name(name: str) -> str:
    """Return a name as it is compared: without case, in one Unicode form, without outer blanks.

    Unicode's full case folding makes ``Ökonomie`` equal ``ökonomie`` and ``Straße`` equal
    ``STRASSE``; NFKC makes a name from macOS (decomposed) equal one typed on another system. The
    result is always valid UTF-8: a lone surrogate, which stands for a byte of a file name that is
    no UTF-8, is spelled out.
    """
    if name.isascii():
        return name.lower().strip()
    valid = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", valid).casefold()).strip()


def fold_path(path: str) -> str:
    """Return a path or nested tag as it is compared: folded, ``/`` separated, no outer slashes."""
    parts = fold_name(path).replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", "."))
