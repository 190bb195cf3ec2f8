"""Damaged files of the index and the model."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeEncoder
from harness import (
    answers_of,
    assert_equal_states,
    build_at,
    faults_of,
    rounds,
    rows_of,
    write_notes,
    write_prose,
)

from indexer.errors import EncoderError, IndexDamaged, IndexerError, IndexNotFound, IndexOutdated
from indexer.notebook import Notebook
from indexer.store.embedded.faiss_snapshots import list_snapshots
from indexer.store.embedded.page_sums import sums_path
from indexer.store.embedded.store import DATABASE, EmbeddedStore

pytestmark = pytest.mark.slow
ASKED = ["gradient feature", "batch error", "loss stride"]


class Sound:
    """An intact index, and copies of it to damage."""

    def __init__(self, folder: Path) -> None:
        self.notes, self.store, self.copy = folder / "notes", folder / "sound", folder / "copy"
        write_notes(self.notes, 40)
        write_prose(self.notes)
        build_at(self.notes, self.store)
        assert faults_of(self.store) == []
        self.rows = rows_of(self.store)
        self.answers = answers_of(self.notes, self.store, ASKED)
        self.files = [self.store / DATABASE, sums_path(self.store / DATABASE)]
        self.files += [snapshot.path for snapshot in list_snapshots(self.store)]
        assert len(self.files) == 3

    def fresh(self) -> Path:
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.store, self.copy)
        return self.copy

    def judge(self) -> str:
        """Check that the damage is found, and the copy answers as before or not at all."""
        assert faults_of(self.copy), "check finds nothing"
        try:
            found = answers_of(self.notes, self.copy, ASKED)
        except IndexerError as exc:
            assert exc.hint
            return "refused"
        assert found == self.answers, "another answer"
        return "answered as before"

    def repair(self) -> None:
        """Check that the suggested fix works."""
        with Notebook(self.notes, store=str(self.copy), encoder=FakeEncoder()) as notebook:
            notebook.build(rebuild=True)
        assert faults_of(self.copy) == []
        assert_equal_states(rows_of(self.copy), self.rows)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    return Sound(tmp_path_factory.mktemp("damage"))


def damage_often(
    sound: Sound, count: int, seed: int, damage: Callable[[bytes, random.Random], bytes]
) -> str:
    """Damage the files in turn, and return how the answers came out."""
    generator, outcomes = random.Random(seed), []
    for number in range(count):
        file = sound.files[number % len(sound.files)]
        target = sound.fresh() / file.name
        target.write_bytes(damage(file.read_bytes(), generator))
        outcomes.append(sound.judge())
        if number % 20 == 0:
            sound.repair()
    return ", ".join(f"{outcomes.count(what)} {what}" for what in sorted(set(outcomes)))


def flip(content: bytes, generator: random.Random) -> bytes:
    place = generator.randrange(len(content))
    return (
        content[:place]
        + bytes([content[place] ^ 1 << generator.randrange(8)])
        + content[place + 1 :]
    )


def test_fault_09_cut_short(sound: Sound, held: list[str]) -> None:
    count = rounds(12, 102)
    found = damage_often(sound, count, 1, lambda c, g: c[: g.randrange(len(c))])
    held.append(f"{count} of {count} cuts found; {found}")


def test_fault_10_flipped_bits(sound: Sound, held: list[str]) -> None:
    count = rounds(24, 501)
    found = damage_often(sound, count, 2, flip)
    held.append(f"{count} of {count} flipped bits found; {found}")


def test_fault_10_flipped_bits_while_a_log_is_there(sound: Sound, held: list[str]) -> None:
    """Without checksums of pages, rows that reach an answer are still checked."""
    generator, refused = random.Random(3), 0
    count = rounds(20, 200)
    for _ in range(count):
        store = sound.fresh()
        with sqlite3.connect(store / DATABASE) as connection:
            table, column = generator.choice([("point", "text"), ("block", "value")])
            rows = connection.execute(f"SELECT id, {column} FROM {table}").fetchall()
            identity, value = generator.choice(rows)
            raw = value.encode() if isinstance(value, str) else value
            place = generator.randrange(len(raw))
            raw = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
            changed = raw.decode() if isinstance(value, str) else raw
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (changed, identity))
        connection.close()
        sums_path(store / DATABASE).unlink()
        assert any("damaged" in fault for fault in faults_of(store))
        try:
            assert answers_of(sound.notes, store, ASKED) == sound.answers
        except IndexDamaged:
            refused += 1
    held.append(f"{count} changed rows found, {refused} of them when asked")


def test_fault_11_deleted_and_swapped_files(sound: Sound, tmp_path: Path, held: list[str]) -> None:
    newer = tmp_path / "newer"
    shutil.copytree(sound.store, newer)
    other_notes = tmp_path / "notes"
    write_notes(other_notes, 40, seed=9)
    write_prose(other_notes)
    build_at(other_notes, newer)
    another = tmp_path / "another"
    build_at(other_notes, another)
    for file in sound.files:
        (sound.fresh() / file.name).unlink()
        if file.name == DATABASE:
            with pytest.raises(IndexNotFound):
                answers_of(sound.notes, sound.copy)
            assert faults_of(sound.copy)
        else:
            sound.judge()
        sound.repair()
    swapped = 0
    for source in (newer, another):
        theirs = [source / DATABASE, sums_path(source / DATABASE)]
        theirs += [snapshot.path for snapshot in list_snapshots(source)]
        for mine, other in zip(sound.files, theirs, strict=True):
            store = sound.fresh()
            shutil.copyfile(other, store / mine.name)
            assert faults_of(store), f"{other} in the place of {mine.name}"
            if mine.name != DATABASE:  # another database is another index with its own answers
                sound.judge()
            swapped += 1
        for snapshot in list_snapshots(source):  # under its own name, next to ours
            store = sound.fresh()
            shutil.copyfile(snapshot.path, store / snapshot.path.name)
            sound.judge()
            swapped += 1
    held.append(f"3 files deleted, {swapped} swapped: all found, repaired by --rebuild")


def test_fault_12_older_format_is_rebuilt(sound: Sound, held: list[str]) -> None:
    store = sound.fresh()
    (store / DATABASE).rename(store / "index-0.db")
    with pytest.raises(IndexOutdated, match="older") as error:
        answers_of(sound.notes, store)
    assert "notepoint build" in str(error.value.hint)
    build_at(sound.notes, store)
    assert_equal_states(rows_of(store), sound.rows)
    assert faults_of(store) == []
    assert not (store / "index-0.db").exists()
    held.append("an index of format 0 is named when asked, and replaced by the next build")


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("where", ["the file's name", "the header"])
def test_fault_13_newer_format_is_refused_untouched(
    sound: Sound, where: str, held: list[str]
) -> None:
    store = sound.fresh()
    if where == "the header":
        with sqlite3.connect(store / DATABASE) as connection:
            connection.execute("UPDATE header SET value = '999' WHERE key = 'format'")
        connection.close()  # the last one to close copies the log into the file
        sums_path(store / DATABASE).unlink()
    else:
        (store / DATABASE).rename(store / "index-999.db")
    before = files_of(store)
    for options in ({"read_only": True}, {}, {"repair": True}):
        with pytest.raises(IndexOutdated, match="newer") as error:
            EmbeddedStore(store, **options)  # type: ignore[arg-type]
        assert "update Notepoint" in str(error.value.hint)
    after = {name: content for name, content in files_of(store).items() if content}
    after.pop("build.pid", None), before.pop("build.pid", None)
    assert {name: after.get(name) for name in before if before[name]} == {
        name: content for name, content in before.items() if content
    }
    held.append(f"format 999 in {where}: refused three times, no byte changed")


def test_fault_14_another_model_is_named(sound: Sound, held: list[str]) -> None:
    store = sound.fresh()
    other = FakeEncoder(dimension=64, name="other")
    with Notebook(sound.notes, store=str(store), encoder=other) as notebook:
        with pytest.raises(IndexOutdated, match="fake") as error:
            notebook.search("gradient")
        assert "--rebuild" in str(error.value.hint)
        with pytest.raises(IndexOutdated, match="64"):
            notebook.build()
        notebook.build(rebuild=True)
        assert len(other.encoded) > 0
        assert notebook.search("gradient").hits
        assert notebook.check() == []
    held.append("an index of another model or dimension is refused, and encoded again when asked")


class Canary:
    """Leaves a trace if it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("kind", ["pickle", "zip bomb", "link"])
def test_fault_32_hostile_file_in_the_place_of_ours(
    sound: Sound, tmp_path: Path, kind: str, number: int, held: list[str]
) -> None:
    canary = tmp_path / "canary"
    target = sound.fresh() / sound.files[number].name
    if kind == "pickle":
        target.write_bytes(pickle.dumps(Canary(canary)))
    elif kind == "zip bomb":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bomb:
            bomb.writestr("zeros", bytes(50 << 20))
    else:
        outside = tmp_path / "outside"
        outside.write_text("not ours\n")
        target.unlink()
        target.symlink_to(outside)
    assert faults_of(sound.copy)
    try:
        assert answers_of(sound.notes, sound.copy, ASKED) == sound.answers
    except IndexerError as exc:
        assert exc.hint
    sound.repair()
    assert not canary.exists()
    if kind == "link":
        assert outside.read_text() == "not ours\n"
    held.append(f"{kind} as {target.suffix}: found, nothing run, repaired")


def test_fault_36_index_of_a_newer_program_is_not_read_by_an_old_server(
    sound: Sound, held: list[str]
) -> None:
    """A server that keeps running after an update reads an index that a newer program replaced."""
    store = sound.fresh()
    with Notebook(sound.notes, store=str(store), encoder=FakeEncoder()) as server:
        assert server.search(ASKED[0]).hits
        (store / DATABASE).rename(store / "index-999.db")
        for suffix in ("-wal", "-shm"):
            (store / f"{DATABASE}{suffix}").unlink(missing_ok=True)
        with pytest.raises(IndexerError) as error:
            server.search(ASKED[0])
        assert error.value.hint
    held.append(f"the old server says: {error.value.message}")


def test_rebuilt_index_is_followed_by_a_running_server(sound: Sound) -> None:
    store = sound.fresh()
    with Notebook(sound.notes, store=str(store), encoder=FakeEncoder()) as server:
        assert server.search(ASKED[0]).index.generation == 1
        shutil.rmtree(store)
        build_at(sound.notes, store)
        build_at(sound.notes, store, rebuild=True)
        assert server.search(ASKED[0]).index.generation == 2


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the converted model."""
    from conftest import ROOT

    from indexer.encoding.onnx import OnnxEncoder
    from indexer.encoding.opening import open_encoder

    open_encoder("all-MiniLM-L6-v2", cache=ROOT / ".cache")
    return next((ROOT / ".cache" / "models").glob(f"*-{OnnxEncoder.FORMAT}"))


def test_fault_26_damaged_model(model: Path, tmp_path: Path, held: list[str]) -> None:
    from indexer.encoding.onnx import OnnxEncoder

    canary, generator = tmp_path / "canary", random.Random(5)
    names = [OnnxEncoder.QUERY_FILE, OnnxEncoder.TOKENIZER_FILE, OnnxEncoder.MANIFEST]
    count = 0
    for name in names:
        content = (model / name).read_bytes()
        damages = {
            "bit": flip(content, generator) if name != OnnxEncoder.MANIFEST else b"{}",
            "zeros": content[: len(content) // 2] + bytes(min(400_000, len(content) // 2)),
            "cut": content[: len(content) // 2],
            "pickle": pickle.dumps(Canary(canary)),
            "missing": None,
        }
        for what, changed in damages.items():
            copy = tmp_path / "model"
            shutil.rmtree(copy, ignore_errors=True)
            copy.mkdir()
            for path in model.iterdir():
                if path.name == name and changed is not None:
                    (copy / name).write_bytes(changed)
                elif path.name != name:
                    (copy / path.name).symlink_to(path)
            with pytest.raises(EncoderError) as error:
                OnnxEncoder(copy).encode_query("gradient")
            assert name in error.value.message and error.value.hint, what
            count += 1
    assert not canary.exists()
    held.append(f"{count} damaged model files: each named with its fix, nothing run")
