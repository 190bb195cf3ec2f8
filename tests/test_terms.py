"""Texts to the terms they are found by."""

from __future__ import annotations

import unicodedata

import pytest

from indexer.store.term_selection import choose_terms
from indexer.text.terms import find_terms, query_terms, terms_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ethics", "ethical"),
        ("convolutions", "Convolution"),
        ("learning", "learned"),
        ("naïve", "naive"),
        ("course's", "courses"),
        ("LSTMs", "LSTM"),
        ("GPUs", "gpu"),
        ("PhDs", "PhD"),
        ("\N{LATIN SMALL LIGATURE FI}nal", "final"),
    ],
)
def test_forms_of_a_word_share_a_term(one: str, other: str) -> None:
    assert set(terms_of(one)) & set(terms_of(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("корабль", "кораблями"),
        ("новый", "новая"),
        ("ёж", "Ежи"),
        ("чайка", "чайки"),
        ("πλοίο", "πλοίου"),
        ("السفينة", "سفينة"),
        ("नाव", "नावें"),
    ],
)
def test_script_of_one_language_tells_its_endings(one: str, other: str) -> None:
    assert terms_of(one) == terms_of(other)


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [("帆船", "帆船"), ("測試", "测试"), ("龍骨", "龙骨"), ("臺灣", "台湾")],
)
def test_both_forms_of_chinese_are_one(traditional: str, simplified: str) -> None:
    assert terms_of(traditional) == terms_of(simplified)
    asked = frozenset(query_terms(simplified))
    text = f"關於{traditional}的筆記"
    assert [text[start:end] for start, end in find_terms(text, asked)] == [traditional]


def test_repeated_words_are_repeated_terms() -> None:
    assert terms_of("batch norm, batch size").count("batch") == 2


def test_parts_of_a_name_of_code_are_found() -> None:
    found = terms_of("train_test_split and LeakyReLU")
    assert {"traintestsplit", "train", "test", "split", "leaki"} <= set(found)


def test_latex_commands_are_words() -> None:
    assert "epsilon" in terms_of(r"$\epsilon=10^{-8}$")
    assert {"beta", "beta1"} <= set(terms_of(r"$\beta_1$"))


def test_text_without_blanks_is_cut_into_pairs() -> None:
    assert terms_of("机器学习")[:3] == query_terms("机器学习") == ["机器", "器学", "学习"]
    assert "学习" in query_terms("学习是什么？")


def test_single_unspaced_character_is_a_term() -> None:
    assert terms_of("用") == ["用"]
    assert set(query_terms("习")) <= set(terms_of("机器学习"))


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("Muenchen", "München"),
        ("Munchen", "München"),
        ("München", unicodedata.normalize("NFD", "München")),
        ("lodz", "Łódź"),
        ("orsted", "Ørsted"),
        ("strasse", "Straße"),
        ("aether", "æther"),
        ("שלום", "שָׁלוֹם"),
        ("قلم", "قَلَمٌ"),
        ("احمد", "أحمد"),
        ("नदी", "नदी"),
        ("テスト", "ﾃｽﾄ"),
        ("ガラス", "ｶﾞﾗｽ"),
        ("ABC", "ＡＢＣ"),
        ("123", "۱۲۳"),
        ("부산", "부산에서"),
        ("email", "e-mail"),
        ("e-mail", "email"),
        ("coop", "co-op"),
        ("abc77", "ABC-77"),
        ("ABC-77", "abc77"),
        ("32GB", "32 GB"),
        ("32 gb", "32GB"),
        ("12000", "12,000"),
        ("2.7.18", "version 2.7.18"),
        ("max_retry_count", "maxRetryCount"),
        ("http", "parseHTTPHeader"),
        ("header", "parseHTTPHeader"),
        ("étoile", "l'étoile"),
        ("etoile", "L\u2019\u00e9toile"),
        ("Brien", "O'Brien"),
        ("OBrien", "O\u2019Brien"),
        ("R&D", "RD"),
        ("🎯", "a goal 🎯"),
        ("gitignore", ".gitignore"),
        ("4.1.7", "release v4.1.7"),
        ("2.5 mm", "a 2.5mm drill"),
        ("ISO9001", "ISO 9001"),
        ("9001", "ISO9001"),
        ("debian", "Debian12"),
        ("vuejs", "Vue.js"),
        ("Vue.js", "vuejs"),
        ("4930123456", "+49 30 123456"),
        ("كتاب", "والكتاب"),
        ("हिंदी", "हिन्दी"),
        ("Кгат", "Кґат"),
        ("らーめん", "ラーメン"),
        ("می روم", "می\u200cروم"),
    ],
)
def test_what_is_typed_equals_what_is_written(typed: str, written: str) -> None:
    assert set(query_terms(typed)) & set(terms_of(written))


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("by $k$-means", "k-means"),
        ("$$G$$ is an $$I$$-map", "i-map"),
        ("$n$-gram model", "ngram"),
        ("the $F_1$-score", "F1-score"),
    ],
)
def test_formula_within_a_word_is_part_of_it(written: str, asked: str) -> None:
    assert terms_of(asked)[-1] in terms_of(written)
    assert "amap" not in terms_of("$-a map")
    assert "56" not in terms_of("from 5$ -6$") + terms_of("from $5$-$6$")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C++", "C"),
        ("C#", "C"),
        ("F#", "f"),
        ("2024-03-05", "20240503"),
        ("don't", "don"),
        ("🎯", "🚀"),
        ("DNS", "DN"),
        ("As", "a"),
        ("LSTMs", "LST"),
    ],
)
def test_other_names_share_no_term(one: str, other: str) -> None:
    assert not set(query_terms(one)) & set(terms_of(other))


def test_date_is_nearer_to_itself_than_to_one_of_the_same_numbers() -> None:
    asked = set(query_terms("2024-03-05"))
    assert len(asked & set(terms_of("2024-03-05: a call"))) > len(
        asked & set(terms_of("2024-05-03: a call"))
    )


@pytest.mark.parametrize(
    ("text", "question", "marked"),
    [
        ("这里利用的是维基百科的知识", "维基百科", ["维基百科"]),
        ("カフェで。ﾃｽﾄは明日。", "テスト", ["ﾃｽﾄ"]),
        ("Ticket ABC-77 is open", "abc77", ["ABC-77"]),
        ("a disk of 32 GB or 64 GB", "32GB", ["32 GB"]),
        ("Ein Haus in M\u00fcnchen", "muenchen", ["M\u00fcnchen"]),
        ("كُتَّابٌ وبيوت", "كتاب", ["كُتَّابٌ"]),
    ],
)
def test_place_of_a_term_is_that_of_what_is_written(
    text: str, question: str, marked: list[str]
) -> None:
    places = find_terms(text, frozenset(query_terms(question)))
    assert [text[start:end] for start, end in places] == marked


def test_stop_word_in_a_joined_word_is_not_asked_alone() -> None:
    assert query_terms("state-of-the-art") == ["state", "art", "stateoftheart"]


def test_stop_words_are_not_asked() -> None:
    assert query_terms("does it talk about ethics?") == ["ethic"]


def test_question_of_stop_words_alone_keeps_them() -> None:
    assert query_terms("to be or not to be") == ["to", "be", "or", "not", "to", "be"]


def test_text_without_words_has_no_terms() -> None:
    assert terms_of("!!! ... --- ___") == []


def test_endless_word_is_no_term() -> None:
    assert terms_of("x" * 1000 + " end") == ["end"]


def test_places_of_terms_are_those_of_whole_words() -> None:
    text = "Ethical questions; an ethic."
    spans = list(find_terms(text, frozenset(query_terms("ethics"))))
    assert [text[a:b] for a, b in spans] == ["Ethical", "ethic"]


def test_places_in_text_without_blanks_do_not_overlap() -> None:
    text = "机器学习"
    spans = list(find_terms(text, frozenset(query_terms("机器学习"))))
    assert "".join(text[a:b] for a, b in spans) == text


def test_all_terms_find_and_rate_where_points_are_few() -> None:
    counts = {"rare": 3, "usual": 400, "common": 900, "everywhere": 2_000}
    chosen = choose_terms(["usual", "rare", "common", "none", "everywhere", "rare"], counts, 5_000)
    assert chosen.find == chosen.rate == ["usual", "rare", "common", "rare"]
    assert not chosen.common


def test_in_a_large_index_the_rarest_find_and_the_others_rate() -> None:
    counts = {"rare": 300, "usual": 4_000, "common": 15_000, "everywhere": 400_000}
    chosen = choose_terms([*counts], counts, 1_000_000)
    assert chosen.find == ["rare", "usual"]
    assert chosen.rate == ["rare", "usual", "common"]
    few = choose_terms(["common", "rare"], {"rare": 3, "common": 15_000}, 1_000_000)
    assert few.find == ["common", "rare"]
    assert not few.common
    fewer_points = choose_terms(["common"], {"common": 15_000}, 100_000)
    assert fewer_points.common


def test_terms_that_find_nothing_in_particular_are_told() -> None:
    counts = {"common": 30_000, "everywhere": 80_000}
    chosen = choose_terms([*counts], counts, 100_000)
    assert chosen.common
    assert chosen.find == chosen.rate == ["common"]
    assert not chosen.commonest
    assert choose_terms(["everywhere"], counts, 100_000).commonest
