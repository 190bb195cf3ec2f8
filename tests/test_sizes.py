"""How well units fit judged lines, against values worked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from conftest import ROOT, OpenNotebook, WriteNotes

from indexer.commands import main as cli
from indexer.evaluation.sizes import AnswerPlace, Fit, fit_of, median_cards, sizes_of
from indexer.records import Answer, IndexState, Mode, Place, Unit, UnitKind, UnitPoint


def unit(rank: int, first: int, last: int, *, weaker: bool = False) -> Unit:
    point = UnitPoint(rank, first, last, "text", (), 0, matched=True, lead_in=False)
    place = Place(UnitKind.LIST, "a.md", "A", None, (), first, last, (point,))
    return Unit(rank, UnitKind.LIST, (place,), 0.9, weaker)


def answer(*units: Unit) -> Answer:
    state = IndexState(1, 1, 1, False, "fake")
    return Answer("q", True, 0.9, Mode.HYBRID, 1.0, state, (), (), units=units)


def lines_of(_: str) -> set[int]:
    return set(range(1, 21)) - {5}  # line 5 is a heading


WHOLE = [AnswerPlace("a.md", 1, 4)]


def test_exact_unit_fits() -> None:
    assert fit_of(answer(unit(1, 1, 5)), WHOLE, lines_of, whole=True) == Fit(1.0, 1.0, 1)


def test_lines_too_many_and_too_few_cost() -> None:
    assert fit_of(answer(unit(1, 1, 9)), WHOLE, lines_of, whole=True).f1 == pytest.approx(2 / 3)
    found = fit_of(answer(unit(1, 1, 2), unit(2, 3, 3, weaker=True)), WHOLE, lines_of, whole=True)
    assert found == Fit(pytest.approx(2 / 3), 0.75, 1)  # type: ignore[arg-type]


def test_neutral_lines_cost_nothing() -> None:
    free = [AnswerPlace("a.md", 6, 9)]
    assert fit_of(answer(unit(1, 1, 9)), WHOLE, lines_of, whole=True, neutral=free).f1 == 1.0


def test_each_place_may_be_an_answer_by_itself() -> None:
    places = [AnswerPlace("a.md", 1, 1), AnswerPlace("a.md", 8, 8)]
    assert fit_of(answer(unit(1, 8, 8)), places, lines_of, whole=False).f1 == 1.0
    assert fit_of(answer(unit(1, 8, 8)), places, lines_of, whole=True).f1 == pytest.approx(2 / 3)
    assert fit_of(answer(), places, lines_of, whole=False) == Fit(0.0, 0.0, 0)


def test_means_and_medians() -> None:
    fits = [Fit(1.0, 1.0, 1), Fit(0.5, 0.8, 2), Fit(0.0, 0.0, 6)]
    assert sizes_of(fits) == (3, pytest.approx(0.5), pytest.approx(0.6))
    assert median_cards(fits) == 2
    assert sizes_of([]) is None and median_cards([]) is None


def test_eval_prints_sizes_where_questions_say_them(
    write_notes: WriteNotes,
    open_notebook: OpenNotebook,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from fakes import FakeEncoder

    monkeypatch.setattr("indexer.encoding.opening.open_encoder", lambda *a, **k: FakeEncoder())
    folder = write_notes({"a.md": "# Trip\n\n## Packing list\n\n- towel\n- torch\n"})
    open_notebook(folder).build()
    questions = tmp_path / "q.jsonl"
    place = {"file": "a.md", "line_start": 5, "line_end": 6}
    rows: list[dict[str, object]] = [
        {"id": "1", "question": "packing list", "whole": True, "answers": [place]},
        {"id": "2", "question": "torch", "whole": False, "answers": [{**place, "line_start": 6}]},
    ]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def evaluate(*more: str) -> str:
        monkeypatch.setattr("sys.argv", ["notepoint", "eval", str(questions), *more])
        with pytest.raises(SystemExit):
            cli.main()
        return capsys.readouterr().out

    arguments = ("--notes", str(folder))
    found = json.loads(evaluate(*arguments, "--json"))
    schema = json.loads((ROOT / "docs/schemas/eval.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(found, schema)
    assert found["units"]["whole"] == {"n": 1, "f1": 1.0, "recall@5": 1.0}
    assert "for a whole (1): F1 of the first unit 1.000" in evaluate(*arguments)
