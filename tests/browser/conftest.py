"""A real browser on a real server over notes made for the purpose."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import ROOT
from patience import PATIENCE_S
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CORPUS = ROOT / "corpus"
PROBE = """---
title: "Probe <script>window.pwned=1</script>"
tags: ["<img src=x onerror=window.pwned=1>"]
date: 2021-05-01
---
# Heading <svg onload=window.pwned=1>

- zebrafish probe <script>window.pwned=1</script> and <img src=x onerror=window.pwned=1> stays text
- [inside](javascript:window.pwned=1) and [data](data:text/html,x) and ![pixel](https://tracker.example/p.gif)
- <iframe src="https://tracker.example"></iframe><style>*{display:none}</style>

$\\text{<script>window.pwned=1</script>}$ and $$\\href{javascript:window.pwned=1}{x}$$

[address](https://tracker.example/link) and https://tracker.example/bare
"""
RICH = """---
title: What a note can hold
date: 2021-03-04
tags: [sample]
---
# Formulas

The quokka loss is $J = \\frac{1}{m}\\sum_i L(\\hat{y}_i, y_i)$.

The ibis count: $\\underbrace{a_1 + b_2 + c_3 + d_4 + e_5 + f_6 + g_7 + h_8 + i_9 + j_{10}}_{n}$.

> [!tip] Keep it simple
> A callout with a [[2020-04-07-deeplearningai-review|link]].

- [x] done
- [ ] open

| name | value |
|---|--:|
| alpha | 0.01 |

```python
print("hello")
```

A claim[^1], and a link to [nowhere](missing.md).

[^1]: Its footnote.
"""
MANY = """# Many

- the pangolin rolls up
- a pangolin has scales
- no pangolin has teeth
- every pangolin eats ants
- one pangolin sleeps by day
- this pangolin climbs trees
- that pangolin digs burrows
- another pangolin swims well
"""
DIALECTS = """# Dialekte

ראשון לשבת, שני לעמוד.

- אחת
- שתיים

Kramdown writes $$G$$ inside, $\\R^n$, $\\qqunknown{x} + y$ and \\(a_1\\).

$$
\\begin{aligned} a &= b \\\\ c &= d \\end{aligned} \\label{eq:one}
$$

```mermaid
graph LR
  Uno --> Due
```

![wide](wide.jpg) and <img src="plan.svg" alt="plan" width="60">

> [!faq]- Zugeklappt
> Verborgen.

<details><summary>Mehr</summary>Noch mehr</details>

==Gelb== <kbd>Strg</kbd> <!-- unsichtbar --> {{< counter 3 >}} [Blatt](paper.pdf)

<Rating value={3} /> and <Note>words inside</Note> <script>window.pwned=1</script>

![[embedded#Second part]]

![[embedded]]

![[embedded#^axolotl]]

((64f1aaaa-bbbb-4ccc-8ddd-eeeeffff0001))

#+BEGIN_QUOTE
Als Zitat.
#+END_QUOTE
"""
EMBEDDED = """# Embedded note

The axolotl of the first part, $e^{i\\pi}$. ^axolotl

- the block of Logseq
  id:: 64f1aaaa-bbbb-4ccc-8ddd-eeeeffff0001

## Second part

The axolotl of the second part, see ![[rich]].

## Third part

Not in the excerpt.
"""
SITE = "https://notes.example"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


def find_browser() -> str | None:
    """Return the path of Chromium on this machine, None if it is missing."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        reason = "no Chromium found: install it, or name one by CHROMIUM=/path/to/it"
        if os.environ.get("CI") or os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


class Server:
    """A running page: its address and its notes."""

    cookies: ClassVar[dict[int, Any]] = {}

    def __init__(
        self,
        notes: Path,
        *options: str,
        home: Path | None = None,
        cache: Path | None = None,
        project: Path = ROOT,
    ) -> None:
        """Start a page over a folder of notes; with a home it asks its visitor for the folder.

        It runs the code of ``project``.
        """
        self.notes = notes
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("NOTEPOINT_")}
        environment |= {"NOTEPOINT_CACHE": str(ROOT / ".cache"), "PYTHONPATH": str(project)}
        command = [sys.executable, "-m", "indexer", "serve", "--no-browser"]
        if home is None:
            command += ["--notes", str(notes)]
        else:
            environment |= {"HOME": str(home)}
        if cache is not None:
            cache.mkdir()
            models = ROOT / ".cache" / "models"
            (cache / "models").symlink_to(models.resolve(), target_is_directory=True)
            environment |= {"NOTEPOINT_CACHE": str(cache)}
        said = notes.parent / f"said-by-{self.port}"
        # Started in a folder without Streamlit settings; the settings of the page must still apply.
        with said.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *options],
                cwd=notes.parent,
                env=environment,
                stdout=output,
                stderr=output,
            )
        end = time.monotonic() + PATIENCE_S
        printed = None
        while printed is None or not self.is_healthy():
            assert time.monotonic() < end, "the page did not start"
            assert self.process.poll() is None, "the page ended"
            time.sleep(0.05)
            printed = re.search(r"Notepoint is at (http://\S+)\s", said.read_text("utf-8"))
        # What a reader opens; tabs of the tests begin with the cookie that it gives.
        self.printed = printed[1]
        token = parse_qs(urlsplit(self.printed).query)["token"][0]
        cookie = {"name": f"notepoint-{self.port}", "value": token, "url": self.address}
        self.cookies[self.port] = cookie

    def is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def close(self) -> None:
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def make_notes(folder: Path) -> Path:
    folder.mkdir()
    for name in ("review", "nns-and-dl"):
        shutil.copy(CORPUS / f"2020-04-07-deeplearningai-{name}.md", folder)
    (folder / "probe.md").write_text(PROBE, "utf-8")
    (folder / "rich.md").write_text(RICH, "utf-8")
    (folder / "doomed.md").write_text("# Doomed\n\n- wombat census of the plateau\n", "utf-8")
    nested = "# Nested\n\n- quokka roster of the island\n  - quokka roster on every other page\n"
    (folder / "nested.md").write_text(nested, "utf-8")
    (folder / "many.md").write_text(MANY, "utf-8")
    (folder / "dialects.md").write_text(DIALECTS, "utf-8")
    (folder / "embedded.md").write_text(EMBEDDED, "utf-8")
    Image.effect_noise((2600, 900), 60).convert("RGB").save(folder / "wide.jpg", quality=95)
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'><script>1</script></svg>"
    (folder / "plan.svg").write_text(svg)
    (folder / "paper.pdf").write_bytes(b"%PDF-1.4 no more than its beginning")
    tags = ", ".join(f"tag{i}" for i in range(1, 22))
    (folder / "tagged.md").write_text(f"---\ntags: [{tags}]\n---\n- many tags\n", "utf-8")
    (folder / "broken.md").write_text("---\ntitle: [\n---\n\n- a broken head\n", "utf-8")
    return folder


def build(notes: Path) -> None:
    environment = os.environ | {"NOTEPOINT_CACHE": str(ROOT / ".cache")}
    command = [sys.executable, "-m", "indexer", "build", "--quiet", "--notes", str(notes)]
    subprocess.run(
        [*command, "--site-url", SITE], cwd=ROOT, env=environment, check=True, capture_output=True
    )


@pytest.fixture(scope="session")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a page with a built index; open the browser first, since it may be missing."""
    notes = make_notes(tmp_path_factory.mktemp("page") / "notes")
    build(notes)
    running = Server(notes, "--site-url", SITE)
    yield running
    running.close()


OpenTab = Callable[..., Page]


@pytest.fixture
def open_tab(browser: Browser, server: Server) -> Iterator[OpenTab]:
    """Return a function that opens a fresh tab; scripts that fail, fail the test."""
    contexts: list[BrowserContext] = []
    failures: list[str] = []

    def open_one(query: str = "", *, at: str = "", **options: Any) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 860})
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        context.add_cookies(list(Server.cookies.values()))
        page = context.new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto((at or server.address) + query)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert failures == []
