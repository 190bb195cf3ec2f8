"""Options come before the environment, and that before the defaults; wrong values are errors."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from indexer.config import DEFAULT_MODEL, DEFAULT_SIZE_LIMIT, Settings
from indexer.errors import NotesError, SettingsError


def load(environment: dict[str, str] | None = None, **options: object) -> Settings:
    return Settings.load(environment=environment or {}, **options)  # type: ignore[arg-type]


def test_option_comes_before_environment(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    environment = {"NOTEPOINT_NOTES": str(tmp_path / "other"), "NOTEPOINT_MODEL": "other"}
    assert load(environment).notes == tmp_path / "other"
    assert load(environment, notes=tmp_path / "one").notes == tmp_path / "one"
    assert load(environment).model == "other"
    assert load(environment, model="one").model == "one"


def test_defaults(tmp_path: Path) -> None:
    settings = load(notes=tmp_path)
    assert (settings.model, settings.size_limit) == (DEFAULT_MODEL, DEFAULT_SIZE_LIMIT)
    assert settings.store == str(tmp_path / ".notepoint")


def test_nearest_folder_with_an_index_is_the_notes_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes/.notepoint").mkdir(parents=True)
    (tmp_path / "notes/deep/down").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notes/deep/down")
    assert load().notes == tmp_path / "notes"


def test_sample_notes_are_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotesError, match="no notes folder is given"):
        load()
    (tmp_path / "corpus").mkdir()
    assert load().notes == tmp_path / "corpus"


def test_missing_folder_and_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotesError, match="does not exist"):
        load(notes=tmp_path / "none")
    (tmp_path / "file.md").write_text("x")
    with pytest.raises(NotesError, match="is a file, not a folder"):
        load(notes=tmp_path / "file.md")


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "notes").mkdir()
    assert load(notes="~/notes").notes == tmp_path / "notes"


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_wrong_size_limit_is_an_error(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match="NOTEPOINT_SIZE_LIMIT"):
        load({"NOTEPOINT_SIZE_LIMIT": value}, notes=tmp_path)


def test_wrong_site_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"not an http\(s\) address"):
        load(notes=tmp_path, site_url="example.org")


def test_index_goes_to_the_cache_where_notes_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.config.os.access", lambda path, mode: False)
    environment = {"NOTEPOINT_CACHE": str(tmp_path / "cache")}
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    stores = {load(environment, notes=folder).store for folder in (one, other)}
    assert len(stores) == 2
    assert all(store.startswith(str(tmp_path / "cache" / "indexes")) for store in stores)


@pytest.mark.parametrize("name", ["NOTEPOINT_NOTES", "NOTEPOINT_SHARDS", "NOTEPOINT_CACHE"])
@pytest.mark.parametrize("place", ["~no-such-user/notes", "x" * 5_000])
def test_place_that_cannot_be_is_one_message(tmp_path: Path, name: str, place: str) -> None:
    try:
        Settings.load(notes=None if name.endswith("NOTES") else tmp_path, environment={name: place})
    except (SettingsError, NotesError) as exc:
        assert exc.hint
    else:
        assert "~" not in place


NO_FOLDERS = (
    *("postgresql:/u:s3crtzq9x@h/db", "postgresql:u:s3crtzq9x@h/db", "u:s3crt/zq9x@h/db"),
    *("postgresql//u:s3crtzq9x@h/db", "postgres:\\\\u:s3crtzq9x@h", "//u:s3crtzq9x@h/db"),
    *("host=h user=u password=s3crtzq9x dbname=d", "host=h passwd = s3crtzq9x"),
    *("'postgresql://u:s3crtzq9x@h/db'", " postgresql://u:s3crtzq9x@h/db", "<pg>://u:s3crtzq9x@h"),
    *("jdbc:postgresql://h/db?user=u&password=s3crtzq9x", "postgresql ://u:s3crtzq9x@h/db"),
    *("postgresql+psycopg:/u:s3crtzq9x@h/db", "new/u:s3crtzq9x@h/db", "client_secret=s3crtzq9x"),
)


@pytest.mark.parametrize("store", NO_FOLDERS)
def test_address_with_a_slip_is_no_folder_and_is_not_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="neither a folder nor an address") as refused:
        load(notes=tmp_path, store=store)
    told = "".join(traceback.format_exception(refused.value)) + str(refused.value.hint)
    assert "s3crt" not in told and "zq9x" not in told


def test_folders_with_odd_names_are_folders(tmp_path: Path) -> None:
    there = tmp_path / "sftp:host=h,user=me@h"
    there.mkdir()
    for store in (str(there), str(there / "new"), "postgres-index", "a=b", "me@work/index", "a:b"):
        assert load(notes=tmp_path, store=store).store == store


def test_settings_are_shown_without_a_password(tmp_path: Path) -> None:
    for scheme in ("postgresql", "postgres", "of-an-extension"):
        shown = load(notes=tmp_path, store=f"{scheme}://u:s3crtzq9x@h/db?space=a&password=zq9x")
        assert f"{scheme}://h/db" in repr(shown) and f"{shown}" == repr(shown)
        assert "s3crt" not in repr(shown) and "zq9x" not in repr([shown])
