"""Decode the bytes of a note to text with plain line ends, and report guesses."""

from __future__ import annotations

import codecs
import hashlib
import re

from indexer.errors import NoteError
from indexer.notes.encodings import guess_legacy, guess_utf16
from indexer.records import NoteWarning

# Above this share of NUL bytes a file is not text; in UTF-16 without a mark it is about one half.
_MAX_NUL_SHARE = 0.1
# A file that is not UTF-8 counts as binary if this share of its bytes are control characters.
# Random bytes have 0.11, a text in any single-byte encoding almost none.
_MAX_CONTROL_SHARE = 0.03
_CONTROL_BYTES = bytes(b for b in range(32) if b not in b"\t\n\r\f") + b"\x7f"
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
# Line ends for str.splitlines() but not for editors; they become blanks.
_ODD_SEPARATORS = re.compile("[\x0b\x0c\x85\u2028\u2029]")
_LINE_ENDS = re.compile("\r\n?")
_LINE_ENDS_IN_BYTES = re.compile(b"\r\n?|\n")
_VALID_UTF8 = re.compile(
    b"[\xc2-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xe0[\xa0-\xbf][\x80-\xbf]"
    b"|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH_LETTERS = re.compile(b"[\xa0-\xff]")
_MIN_HIGH_BYTES = 4  # the least number to guess an encoding from
_HIGH_BYTES = re.compile(b"[\x80-\xff]")
_SAVE = "save the note as UTF-8"
_SURROGATE_BYTES = re.compile(b"\xed[\xa0-\xbf][\x80-\xbf]")
_SURROGATES = re.compile("[\ud800-\udfff]")  # only UTF-16 can contain them


def hash_content(content: bytes) -> bytes:
    """Return the hash that detects a changed note: BLAKE2b, 16 bytes."""
    return hashlib.blake2b(content, digest_size=16).digest()


def decode_note(content: bytes, path: str) -> tuple[str, list[NoteWarning]]:
    r"""Return the bytes of a note as text whose only line end is ``\n``.

    The normal encoding is UTF-8, or UTF-16 with a byte-order mark. For other bytes the encoding is
    guessed, with a warning that names it and the first such line. A few invalid bytes in UTF-8 are
    read as Windows-1252, as editors do.

    :param content: the bytes of the file.
    :param path: the note, for the error.
    :return: the text, without a mark and without control characters, and the warnings.
    :raises NoteError: if the file is not text.
    """
    warnings: list[NoteWarning] = []
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise NoteError("text in UTF-32", "save it as UTF-8", path=path)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = _decode_utf16(content, path)
    else:
        content = content.removeprefix(codecs.BOM_UTF8)
        if content.count(0) > _MAX_NUL_SHARE * len(content):
            guess = guess_utf16(content)
            if guess is None:
                raise NoteError(
                    "not text: it is full of NUL bytes", "save it as UTF-8, or remove it", path=path
                )
            text = guess.text
            warnings.append(NoteWarning("text in UTF-16 without a mark", 1, _SAVE))
        else:
            text = _decode_bytes(content, path, warnings)
    return _plain_lines(text, warnings)


def _decode_bytes(content: bytes, path: str, warnings: list[NoteWarning]) -> str:
    """Return bytes with few NUL bytes as text, with a warning if they are not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as exc:
        first = exc
    wide = guess_utf16(content) if 0 in content else None  # of a script with few NUL bytes
    if wide is not None:
        warnings.append(NoteWarning("text in UTF-16 without a mark", 1, _SAVE))
        return wide.text
    line = len(_LINE_ENDS_IN_BYTES.findall(content, 0, first.start)) + 1
    mixed = _decode_mixed(content, path, first)
    guess = guess_legacy(content) if _may_be_legacy(content, first) else None
    if guess is None:
        warnings.append(NoteWarning("bytes that are not UTF-8", line, _SAVE))
        return mixed
    message = f"text that is not UTF-8; its encoding is probably {guess.name}"
    warnings.append(NoteWarning(message, line, _SAVE))
    return guess.text


def _may_be_legacy(content: bytes, first: UnicodeDecodeError) -> bool:
    """Return whether a text is probably in another encoding, not in damaged UTF-8.

    A few bytes, or only quotes and dashes, do not identify an encoding.
    """
    if first.reason == "unexpected end of data" and first.end >= len(content):
        return False
    others = _VALID_UTF8.sub(b"", content)
    valid, letters = len(_VALID_UTF8.findall(content)), len(_HIGH_LETTERS.findall(others))
    high = len(_HIGH_BYTES.findall(others))
    return 2 * valid <= high and high >= _MIN_HIGH_BYTES and letters > 0


def _decode_utf16(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-16")
    except UnicodeDecodeError as exc:
        raise NoteError("damaged text in UTF-16", "save it as UTF-8", path=path) from exc


def _decode_mixed(content: bytes, path: str, first: UnicodeDecodeError) -> str:
    """Decode bytes that are not UTF-8, given the first error."""
    controls = len(content) - len(content.translate(None, _CONTROL_BYTES))
    if controls > _MAX_CONTROL_SHARE * len(content):
        raise NoteError(
            "not text but binary data", "remove it, or give it another suffix", path=path
        )
    if first.reason == "unexpected end of data":  # UTF-8, cut in its last character
        return content[: first.start].decode("utf-8") + "\ufffd"
    return content.decode("utf-8", errors="notepoint-windows-1252")


def _windows_1252(exc: UnicodeError) -> tuple[str, int]:
    """Decode each invalid byte as one character; reject lone surrogates."""
    if not isinstance(exc, UnicodeDecodeError):
        raise exc
    if _SURROGATE_BYTES.match(exc.object, exc.start):
        return "\ufffd", exc.start + 3
    return exc.object[exc.start : exc.end].decode("cp1252", errors="replace"), exc.end


codecs.register_error("notepoint-windows-1252", _windows_1252)


def _plain_lines(text: str, warnings: list[NoteWarning]) -> tuple[str, list[NoteWarning]]:
    text = _ODD_SEPARATORS.sub(" ", _LINE_ENDS.sub("\n", text))
    text = text.removeprefix("\ufeff")
    first = _CONTROLS.search(text)
    if first:
        line = text.count("\n", 0, first.start()) + 1
        warnings.append(NoteWarning("control characters, read as blanks", line, "delete them"))
        text = _CONTROLS.sub(" ", text)
    return _SURROGATES.sub("\ufffd", text), warnings
