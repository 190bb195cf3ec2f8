"""Guess the encoding of a text that is not UTF-8 and has no byte-order mark.

The only importer of charset_normalizer. The library separates families of encodings. Between
similar encodings that differ in a few letters (Western and Central European, Cyrillic and Hebrew),
the letters decide.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_CANDIDATES = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949", "koi8_r", "cp874"),
)
_NAMES = {
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB18030",
    "big5": "Big5",
    "cp949": "EUC-KR",
    "koi8_r": "KOI8-R",
    "cp874": "Windows-874",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}
_MAX_SAMPLE_BYTES = 20_000
_MAX_CHAOS = 0.4
# Letters of Central European languages when they are decoded as Western, in words of 40 letters.
_SIGN_IN_WORD = re.compile(
    r"[^\W\d_][\xa1-\xbf\xd7\xf7\x8c\x9f\x8f]{1,40}[^\W\d_]"
    r"|[\u0152\u0153\u0178]\w{0,40}[\xb3\xb9\xbf]"
)
_CZECH = re.compile("[øìèùòï]")
_CZECH_TOO = re.compile("[šžý]")
_HIGH = re.compile(b"[\x80-\xff]")
# Bytes of vowels and signs in nearly every line of Russian, which are not Hebrew letters.
_ONLY_CYRILLIC = re.compile(b"[\xc0-\xdf\xfb-\xff]")
_MIN_HEBREW_BYTES = 8
_POINTS, _HEBREW = re.compile(b"[\xc0-\xdf]"), re.compile(b"[\xe0-\xfa]")
_PAIR = re.compile(b"[\x81-\xfe][\x41-\xfe]")
_HANGUL, _HANJA = range(0xB0, 0xC9), range(0xC9, 0xF8)
_MAX_HANJA_SHARE = 0.15
_MIN_UTF16_BYTES = 8


class Guess(NamedTuple):
    """A text and the name of its guessed encoding."""

    text: str
    name: str


def guess_utf16(content: bytes) -> Guess | None:
    """Return a text in UTF-16 without a mark, recognised by the positions of its NUL bytes.

    :param content: the bytes of the file.
    """
    sample = content[: _MAX_SAMPLE_BYTES - _MAX_SAMPLE_BYTES % 2]
    if len(content) % 2 or len(content) < _MIN_UTF16_BYTES:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    for codec, here, there in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if here > 0.4 * half and there < 0.05 * half:
            try:
                return Guess(content.decode(codec), _NAMES[codec])
            except UnicodeDecodeError:
                return None
    return _by_characters(content) if even + odd else None


def _by_characters(content: bytes) -> Guess | None:
    """Return a text in UTF-16 in another script, whose letters have no NUL bytes."""
    best: tuple[float, Guess] | None = None
    for codec in ("utf-16-le", "utf-16-be"):
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        sample = text[:_MAX_SAMPLE_BYTES]
        usual = sum(c in "\n\r\t" or unicodedata.category(c)[0] in "LMNPSZ" for c in sample)
        between = sum(c in " \n\u3000" for c in sample)
        share = usual / len(sample)
        if between and share == 1.0 and (best is None or between > best[0]):
            best = between, Guess(text, _NAMES[codec])
    return best[1] if best else None


def guess_legacy(content: bytes) -> Guess | None:
    """Return a text in an encoding older than Unicode, None if no encoding is likely.

    :param content: bytes that are not UTF-8.
    """
    from charset_normalizer import from_bytes  # few notes need it

    lines = content[:_MAX_SAMPLE_BYTES]
    if len(content) > _MAX_SAMPLE_BYTES:  # a cut at a line end cannot split a character
        lines = lines[: lines.rfind(b"\n") + 1] or lines
    found = from_bytes(lines, cp_isolation=list(_CANDIDATES), threshold=_MAX_CHAOS).best()
    if found is None:
        return None
    codec = _prefer(found.encoding, content)
    try:
        return Guess(content.decode(codec), _NAMES.get(codec, codec.replace("cp", "Windows-")))
    except UnicodeDecodeError:
        return None


def _prefer(codec: str, content: bytes) -> str:
    """Return the encoding, or a similar one that fits the letters better."""
    if codec == "cp1250":
        return codec if _is_central(content) else "cp1252"
    if codec == "cp1251":
        high = len(_HIGH.findall(content))
        hebrew = high >= _MIN_HEBREW_BYTES and not _ONLY_CYRILLIC.search(content)
        return "cp1255" if hebrew else codec
    if codec == "cp1255":  # lower-case letters of KOI8-R have the codes of Hebrew points
        points, letters = len(_POINTS.findall(content)), len(_HEBREW.findall(content))
        return "koi8_r" if points > letters else codec
    if codec == "cp949":  # Hangul codes end before half of the common Chinese characters
        first = [pair[0] for pair in _PAIR.findall(content)]
        hangul, others = (sum(byte in one for byte in first) for one in (_HANGUL, _HANJA))
        return "gb18030" if others > _MAX_HANJA_SHARE * (hangul + others) else codec
    return codec


def _is_central(content: bytes) -> bool:
    """Return whether bytes are Central European letters rather than Western ones."""
    try:
        western = content.decode("cp1252")
    except UnicodeDecodeError:
        return True
    hungarian = "õ" in western and not set("ãçê") & set(western)
    czech = _CZECH.search(western) and _CZECH_TOO.search(western)
    return bool(hungarian or czech or _SIGN_IN_WORD.search(western))
