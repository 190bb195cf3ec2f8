"""Words of the same sound."""

from __future__ import annotations

import pytest

from indexer.retrieval.sounds import sound_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nutrishun", "nutrition"),
        ("exersize", "exercise"),
        ("anker", "anchor"),
        ("sientific", "scientific"),
        ("sykology", "psychology"),
        ("fone", "phone"),
        ("rekord", "record"),
    ],
)
def test_spellings_of_one_sound_are_one(one: str, other: str) -> None:
    assert sound_of(one) == sound_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("chat", "cat"), ("light", "right"), ("berry", "bury"), ("recall", "recoil"), ("an", "on")],
)
def test_other_sounds_stay_different(one: str, other: str) -> None:
    assert sound_of(one) != sound_of(other)
