"""Decoding of notes: accepted and refused encodings, and the lines of the warnings."""

from __future__ import annotations

import codecs
import time

import pytest

from indexer.errors import NoteError
from indexer.notes.decoding import decode_note
from indexer.notes.encodings import _prefer


def text_of(content: bytes) -> str:
    return decode_note(content, "n.md")[0]


def warnings_of(content: bytes) -> list[tuple[str, int | None]]:
    return [(warning.message, warning.line) for warning in decode_note(content, "n.md")[1]]


# --- encodings ----------------------------------------------------------------------------------


def test_utf8_is_read_without_a_warning():
    assert decode_note("Größe, 日本, 🙂\n".encode(), "n.md") == ("Größe, 日本, 🙂\n", [])


def test_empty_note_is_empty_text():
    assert decode_note(b"", "n.md") == ("", [])


def test_byte_order_mark_is_no_text():
    assert decode_note(codecs.BOM_UTF8 + b"---\n", "n.md") == ("---\n", [])


@pytest.mark.parametrize(
    ("mark", "codec"), [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")]
)
def test_utf16_with_a_mark_is_read_in_either_byte_order(mark, codec):
    assert decode_note(mark + "é🙂\r\nb".encode(codec), "n.md") == ("é🙂\nb", [])


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_read_with_a_warning(codec):
    content = "# Log\n\nwind from the north\n".encode(codec)
    assert text_of(content) == "# Log\n\nwind from the north\n"
    assert warnings_of(content) == [("text in UTF-16 without a mark", 1)]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["# Журнал\n\nветер с севера\n", "# 日誌\n\n北の風が強い。\n"])
def test_utf16_of_other_scripts_without_a_mark_is_read(text, codec):
    assert text_of(text.encode(codec)) == text
    assert warnings_of(text.encode(codec)) == [("text in UTF-16 without a mark", 1)]


def test_nul_bytes_that_are_no_utf16_are_refused():
    with pytest.raises(NoteError, match="NUL bytes") as caught:
        decode_note(b"text\x00\x00\x00\x00\x00", "n.md")
    assert "UTF-8" in caught.value.hint


@pytest.mark.parametrize(
    ("codec", "name", "text"),
    [
        ("cp1252", "Windows-1252", "La forêt était éloignée, l'hiver très doux.\n"),
        ("cp1252", "Windows-1252", "Die Tür fällt zu, größer wird die Lücke für Möwen.\n"),
        ("cp1250", "Windows-1250", "Żółw wędruje do źródła, wąż śpi pod łodzią.\n"),
        ("cp1250", "Windows-1250", "Příliš těžký člun ležel u řeky, kůň stál vedle.\n"),
        ("cp1251", "Windows-1251", "Лодка стоит у берега, ветер с севера.\n"),
        ("koi8_r", "KOI8-R", "Лодка стоит у берега, ветер с севера.\n"),
        ("cp1253", "Windows-1253", "Το πλοίο φεύγει αύριο από το λιμάνι.\n"),
        ("cp1255", "Windows-1255", "הסירה עומדת ליד החוף והרוח מצפון.\n"),
        ("cp1256", "Windows-1256", "القارب يقف قرب الشاطئ والريح من الشمال.\n"),
        ("cp932", "Shift-JIS", "船は港にあります。風は北から吹く。\n"),
        ("euc_jp", "EUC-JP", "船は港にあります。風は北から吹く。\n"),
        ("gb18030", "GB18030", "小船停在岸边，风从北方吹来。\n"),
        ("big5", "Big5", "小船停在岸邊，風從北方吹來。\n"),
        ("cp949", "EUC-KR", "배는 항구에 있다. 바람은 북쪽에서 분다.\n"),
    ],
)
def test_legacy_encoding_is_reported_with_its_line(codec, name, text):
    content = b"# Log\n\n" + text.encode(codec)
    assert text_of(content) == f"# Log\n\n{text}"
    ((message, line),) = warnings_of(content)
    assert name in message
    assert line == 3


def test_damaged_utf8_is_not_taken_for_another_encoding():
    content = "Größe, Öl, Übermut und Äste".encode() + b"\xff\xfe caf\xe9 \xe8\xe9\n"
    assert text_of(content).startswith("Größe, Öl, Übermut und Äste")


def test_cut_utf16_is_refused():
    with pytest.raises(NoteError, match="damaged text in UTF-16"):
        decode_note(codecs.BOM_UTF16_LE + b"a\x00b", "n.md")


@pytest.mark.parametrize("codec", ["utf-32-le", "utf-32-be"])
def test_utf32_is_refused_with_the_path_and_a_fix(codec):
    mark = codecs.BOM_UTF32_LE if codec.endswith("le") else codecs.BOM_UTF32_BE
    with pytest.raises(NoteError, match="UTF-32") as caught:
        decode_note(mark + "text".encode(codec), "sub/n.md")
    assert caught.value.path == "sub/n.md"
    assert caught.value.hint == "save it as UTF-8"


def test_latin1_is_read_and_the_warning_names_the_first_bad_line():
    content = "plain\nétude\nnaïve\n".encode("latin-1")
    assert text_of(content) == "plain\nétude\nnaïve\n"
    assert warnings_of(content) == [("bytes that are not UTF-8", 2)]


def test_windows_1252_quotes_and_dashes_are_read():
    assert text_of("“a” – 5 €".encode("cp1252")) == "“a” – 5 €"


def test_utf8_stays_utf8_next_to_a_bad_byte():
    assert text_of("Größe ".encode() + b"\xe4 " + "日本".encode()) == "Größe ä 日本"


def test_byte_unknown_to_windows_1252_is_a_replacement_character():
    assert text_of(b"a \x81 b") == "a � b"


def test_character_cut_at_the_end_is_one_replacement_character():
    content = "日本".encode()[:-1]
    assert text_of(content) == "日�"
    assert warnings_of(content) == [("bytes that are not UTF-8", 1)]


def test_lone_surrogate_is_one_replacement_character():
    content = b"a\n\xed\xa0\x80b\n"
    assert text_of(content) == "a\n�b\n"
    assert warnings_of(content) == [("bytes that are not UTF-8", 2)]


def test_line_of_the_warning_counts_crlf_once():
    assert warnings_of(b"a\r\nb\r\n\xe9t\xe9\r\n") == [("bytes that are not UTF-8", 3)]


def test_line_of_the_warning_is_true_for_cr_alone():
    assert warnings_of(b"a\rb\r\xe9t\xe9") == [("bytes that are not UTF-8", 3)]


def test_last_letter_of_a_latin1_note_is_read():
    assert text_of("été, café".encode("latin-1")) == "été, café"


def test_latin1_letter_that_looks_like_a_surrogate_takes_no_line_end_with_it():
    assert text_of("«así»\nNext".encode("latin-1")).split("\n")[1:] == ["Next"]


# --- files that are not text --------------------------------------------------------------------


def test_few_nul_bytes_are_blanks_with_a_warning():
    content = b"some words\nand\x00more words\n"
    assert text_of(content) == "some words\nand more words\n"
    assert warnings_of(content) == [("control characters, read as blanks", 2)]


def test_file_full_of_nul_bytes_is_refused():
    with pytest.raises(NoteError, match="NUL bytes"):
        decode_note(b"ab\x00" * 10, "n.md")


def test_binary_file_is_refused():
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(1, 256)) * 4
    with pytest.raises(NoteError, match="binary data") as caught:
        decode_note(content, "n.md")
    assert caught.value.hint


def test_control_characters_are_blanks_and_the_first_is_named():
    content = "a\nb\x1b[31mc\x7f\nd\u009b".encode()
    assert text_of(content) == "a\nb [31mc \nd "
    assert warnings_of(content) == [("control characters, read as blanks", 2)]


def test_tab_is_no_control_character():
    assert decode_note(b"- a\n\t- b\n", "n.md") == ("- a\n\t- b\n", [])


# --- line ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_the_same(end):
    assert text_of(end.join(["a", "", "b", ""]).encode()) == "a\n\nb\n"


def test_mixed_line_ends_count_one_line_each():
    assert text_of(b"a\r\nb\rc\n\rd") == "a\nb\nc\n\nd"


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_odd_separator_is_a_blank_and_no_line_end(separator):
    assert decode_note(f"a{separator}b\n".encode(), "n.md") == ("a b\n", [])


@pytest.mark.parametrize("separator", ["\x1c", "\x1d", "\x1e"])
def test_information_separator_is_no_line_end_either(separator):
    assert text_of(f"a{separator}b\n".encode()) == "a b\n"


@pytest.mark.parametrize("byte", [b"\x8c", b"\xaa", b"a\xaa", b"\x8ca"])
def test_letters_without_a_space_are_judged_in_linear_time(byte: bytes):
    before = time.process_time()
    assert _prefer("cp1250", byte * 200_000) in ("cp1250", "cp1252")
    assert time.process_time() - before < 2  # a tenth of a second; with a rescan minutes
