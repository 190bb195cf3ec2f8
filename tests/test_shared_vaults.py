"""Real vaults and hostile notes, if the evaluation data is next to the checkout."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT, OpenNotebook
from fakes import FakeEncoder

from indexer.notebook import Notebook
from indexer.records import LinkKind, Outcome
from indexer.render_reports import dump_json

REVIEW = "_posts/2020-04-07-deeplearningai-review.md"

OpenVault = Callable[[str], Notebook]


@pytest.fixture(scope="module")
def open_vault(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenVault]:
    """Return a function that indexes a vault by the real model, once."""
    os.environ["NOTEPOINT_CACHE"] = str(ROOT / ".cache")
    opened: dict[str, Notebook] = {}

    def open_one(name: str) -> Notebook:
        if name not in opened:
            store = tmp_path_factory.mktemp(name)
            opened[name] = Notebook(shared / "eval/vaults" / name, store=str(store))
            opened[name].build()
        return opened[name]

    yield open_one
    for notebook in opened.values():
        assert notebook.check() == []
        notebook.close()


@pytest.mark.slow
def test_every_point_of_the_review_is_one_point_on_its_line(open_vault: OpenVault) -> None:
    points = open_vault("jvh").points_of(REVIEW)
    lines = {p.point.line_start: p.point for p in points if 14 <= p.point.line_start <= 24}
    assert list(lines) == list(range(14, 25))
    assert all(point.line_end == line for line, point in lines.items())
    assert lines[14].text == "no discussion of ethics"


@pytest.mark.slow
def test_links_of_the_review_lead_to_its_courses(open_vault: OpenVault) -> None:
    links = open_vault("jvh").links(REVIEW)
    courses = [link.to for link in links if link.kind is LinkKind.NOTE]
    assert len(courses) == 5
    assert all(link.ok for link in links)
    (reversed_one,) = [link for link in links if link.fix]
    assert reversed_one.target.startswith("https://www.coursera.org/specializations/deep-learning")
    assert reversed_one.fix == f"[{reversed_one.text}]({reversed_one.target})"


@pytest.mark.slow
def test_keyword_questions_on_the_review_are_answered_first(
    open_vault: OpenVault, shared: Path
) -> None:
    notebook = open_vault("jvh")
    asked = 0
    for line in (shared / "eval/questions/public.jsonl").read_text("utf-8").splitlines():
        question = json.loads(line)
        places = {(a["file"], a["line_start"]) for a in question["answers"]}
        if question["kind"] != "keyword" or REVIEW not in {file for file, _ in places}:
            continue
        asked += 1
        hit = notebook.search(question["question"], 1).hits[0]
        assert (hit.note_id, hit.line_start) in places, question["question"]
    assert asked >= 8


@pytest.mark.slow
@pytest.mark.parametrize("name", ["jvh", "mbadry1", "handbook"])
def test_real_notes_are_read_without_a_false_alarm(open_vault: OpenVault, name: str) -> None:
    files, points = open_vault(name).dump()
    assert {file.outcome for file in files} == {Outcome.INDEXED}
    assert [file for file in files if file.warnings] == []
    encoder = open_vault(name).encoder
    assert max(encoder.count_tokens([p.stored.point.text for p in points])) <= encoder.window


@pytest.mark.slow
def test_wikilinks_of_the_handbook_lead_to_notes(open_vault: OpenVault) -> None:
    links = [link for link in open_vault("handbook").links() if link.kind is LinkKind.NOTE]
    broken = [link for link in links if not link.ok]
    assert len(links) > 900
    assert len(broken) / len(links) < 0.02


def load_tool(shared: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, shared / f"tools/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 7])
def test_hostile_notes_cost_themselves_only(
    shared: Path, tmp_path: Path, open_notebook: OpenNotebook, seed: int
) -> None:
    tool = load_tool(shared, "make_nasty")
    tool.make(tmp_path, seed=seed)
    notebook = open_notebook(tmp_path / "notes", encoder=FakeEncoder(window=254))
    notebook.build()
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert tool.judge(manifest, json.loads(json.dumps(dump_json(*notebook.dump())))) == []


def test_sample_notes_copy_no_evaluation_text(shared: Path) -> None:
    tool = load_tool(shared, "copied_text")
    others = [str(shared / "seeds"), str(shared / "eval/vaults")]
    assert tool.main([str(ROOT / "corpus"), *others]) == 0
