"""How the page draws notes of every dialect, and which content it removes."""

from __future__ import annotations

import io
import os
import re
import shutil
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings, strategies
from PIL import Image

from indexer.config import Settings
from indexer.encoding.token_counts import EstimatedTokens
from indexer.errors import NoteError
from indexer.notes import files
from indexer.notes.files import NoteFiles, kind_of
from indexer.notes.folder import NotesFolder
from indexer.notes.markdown.render import render_note
from indexer.notes.note import parse_note
from indexer.records import Link, LinkKind
from indexer.web.assets import file_address, load_file, shrink
from indexer.web.presenters import formulas_of

PROBES = [
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "[x](javascript:window.pwned=1)",
    "[x](data:text/html;base64,PHN2Zz4=)",
    "![pixel](https://tracker.example/p.gif)",
    "<style>*{display:none}</style>",
    "<iframe srcdoc='<script>1</script>'></iframe>",
    '[x](https://example.org "\\" onmouseover=window.pwned=1 ")',
    "<base href=https://evil.example>",
    "[[javascript:alert(1)|x]]",
    '```"><script>window.pwned=1</script>\ncode\n```',
    "$<img src=x onerror=window.pwned=1>$",
    "$$\n<script>window.pwned=1</script>\n$$",
    "| <script>1</script> |\n|---|\n| x |",
    "<a href='javascript:1'>x</a>",
]


@pytest.mark.parametrize("probe", PROBES)
def test_notes_stay_text_on_the_page(probe: str) -> None:
    html = render_note(f"before\n\n{probe}\n\nafter\n", [])
    lowered = html.lower()
    for tag in ("<script", "<img ", "<style", "<iframe", "<base", "<svg", "<form"):
        assert tag not in lowered
    for word in (' onerror="', ' onmouseover="', 'href="javascript:', 'href="data:'):
        assert word not in lowered
    assert "before" in html
    assert "after" in html


def test_blocks_know_their_lines() -> None:
    html = render_note("---\ntitle: t\n---\n# H\n\n- one\n- two\n\n$$\nx\n$$\n\n[^1]: note\n", [])
    assert '<h1 data-line-start="4" data-line-end="4">H</h1>' in html
    assert '<li data-line-start="7" data-line-end="7">two</li>' in html
    formula = 'class="formula" data-tex="x" data-display="block"><code>$$x$$</code></div>'
    assert f'<div data-line-start="9" data-line-end="11" {formula}' in html
    assert "title: t" not in html


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001000005fe02fea7"
)


def test_pictures_of_the_folder_are_numbered_and_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    (folder / "sub").mkdir(parents=True)
    (folder / "deep" / "er").mkdir(parents=True)
    named = folder / "deep" / "er" / "only.png"
    for path in (folder / "sub" / "a.png", folder / "top.png", named, tmp_path / "outside.png"):
        path.write_bytes(PNG)
    (folder / "fake.png").write_text("no picture at all")
    (folder / "plan.svg").write_text('<?xml version="1.0"?>\n<svg onload="alert(1)"></svg>')
    (folder / "paper.pdf").write_bytes(b"%PDF-1.7 ...")
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    files = NoteFiles(NotesFolder(folder, 1 << 20), "sub/n.md")
    text = (
        "![a](a.png) ![b](/top.png) ![c](../top.png) ![d](../../outside.png) ![e](/etc/passwd) "
        "![f](https://e.org/x.png) ![g](/fake.png) ![h](/link.png) ![[a.png]] ![[only.png|300]] "
        '![i](/plan.svg) <img src="../top.png" alt="j" width="40" onerror="alert(1)">\n'
    )
    html = render_note(text, [], files.find)
    shown = re.findall(r'<img alt="(.*?)" data-image="(\d)"', html)
    assert shown[:4] == [("a", "0"), ("b", "1"), ("c", "2"), ("a.png", "0")]
    assert shown[4:] == [("only.png", "3"), ("i", "4"), ("j", "2")]
    assert 'data-width="40"' in html
    assert "onerror" not in html
    assert re.findall('class="missing" title=".*?">(.)<', html) == list("degh")
    assert '<a class="note-image" href="https://e.org/x.png">f</a>' in html
    assert files.paths == ["sub/a.png", "top.png", "top.png", "deep/er/only.png", "plan.svg"]
    assert files.find("/paper.pdf") == 5


def test_picture_whose_name_is_not_utf8_is_sent(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "plan.png")
    content = (tmp_path / "plan.png").read_bytes()
    os.rename(tmp_path / "plan.png", tmp_path / "caf\udce9.png")
    [name] = parse_qs(urlsplit(file_address("caf\udce9.png", 1)).query)["path"]
    assert name == r"caf\xe9.png"
    settings = Settings.load(notes=str(tmp_path), environment={})
    assert load_file(settings, name) == (content, "image/png")


def test_pictures_are_made_small_once_and_nothing_else_is_given_out(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    (folder / ".hidden").mkdir(parents=True)
    noise = Image.effect_noise((2400, 1200), 90).convert("RGB")
    noise.save(folder / "photo.jpg", quality=95)
    shutil.copy(folder / "photo.jpg", folder / ".hidden" / "photo.jpg")
    (folder / "secret.md").write_text("# Secret\n")
    (folder / "plan.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'></svg>")
    settings = Settings.load(
        notes=str(folder), environment={"NOTEPOINT_CACHE": str(tmp_path / "cache")}
    )
    content, kind = load_file(settings, "photo.jpg")
    assert kind == "image/webp"
    with Image.open(io.BytesIO(content)) as small:
        assert small.size == (1600, 800)
    kept = list((settings.cache / "pictures").iterdir())
    assert [path.suffix for path in kept] == [".webp"]
    if os.name == "posix":  # other users of the machine may not see the pictures
        modes = [path.stat().st_mode & 0o777 for path in (kept[0].parent, kept[0])]
        assert modes == [0o700, 0o600]
    assert load_file(settings, "photo.jpg") == (content, "image/webp")
    whole, kind = load_file(settings, "photo.jpg", whole=True)
    assert (whole, kind) == ((folder / "photo.jpg").read_bytes(), "image/jpeg")
    assert load_file(settings, "plan.svg")[1] == "image/svg+xml"
    for path in ("secret.md", ".hidden/photo.jpg", "../outside.png", "none.png", "/etc/passwd"):
        with pytest.raises(NoteError):
            load_file(settings, path)


def test_picture_that_cannot_be_read_is_sent_as_it_is(tmp_path: Path) -> None:
    broken = PNG + bytes(500_000)
    assert kind_of(broken) == "image/png"
    assert shrink(b"\xff\xd8\xff" + bytes(100)) is None


def test_files_of_the_same_name_are_opened_once_per_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "plan.png").write_text("no picture")
    opened: list[str] = []
    read_head = files.read_head
    monkeypatch.setattr(
        files, "read_head", lambda root, path: opened.append(path) or read_head(root, path)
    )
    found = NoteFiles(NotesFolder(tmp_path, 1_000), "a.md")
    assert {found.find(f"plan.png?{number}") for number in range(50)} == {None}
    assert len(opened) == len(set(opened)) < 30


@pytest.mark.parametrize(
    "unit", ["<!---->", "<!-->", "<!-- a -->\n", "<?xml a>", "<!DOCTYPE a>", " ", "<!--", "-->"]
)
def test_kind_of_a_file_is_told_at_once(unit: str) -> None:
    head = (unit * 1_024).encode()[:1_024]
    before = time.process_time()
    assert kind_of(head) == ""
    assert time.process_time() - before < 1  # with backtracking, for ever
    ended = unit + ("-->" if unit == "<!--" else "")
    if unit not in ("-->", "<!-->"):
        assert kind_of(f"\n<?xml version='1.0'?>\n{ended}<svg>".encode()) == "image/svg+xml"


def test_what_a_note_can_hold_is_drawn_as_such() -> None:
    text = (
        "> [!warning] Mind *this*\n> body\n\n- [x] done\n- [ ] open\n\n"
        "word[^a] and $\\frac{1}{2}$\n\n[^a]: the foot\n\n"
        "```python\nx = 1\n```\n\n| a | b |\n|--:|:-:|\n| 1 | 2 |\n"
    )
    html = render_note(text, [])
    for piece in (
        'class="callout callout-warning"',
        '<div class="callout-title">Mind <em>this</em></div><p data-line-start="1" ',
        ">body</p>",
        'class="task done"',
        'class="task"',
        '<sup><a data-foot="a">a</a></sup>',
        'data-foot-id="a"',
        'data-tex="\\frac{1}{2}" data-display="line"',
        '<pre data-language="python"><code data-line-start="11" data-line-end="13">x = 1',
        '<th data-align="right">a</th>',
        '<td data-align="center">2</td>',
    ):
        assert piece in html


@pytest.mark.parametrize(
    ("line", "formulas"),
    [
        ("- $$X$$, and $$Y$$ is unobserved $$Y \\not\\in O$$", ["X", "Y", "Y \\not\\in O"]),
        ("$$a$$ or $$b$$", ["a", "b"]),
        ('see {% include figure.html url="a.png" description="the $$g$$ of $$h$$" %}', ["g", "h"]),
    ],
)
def test_line_of_several_formulas_is_not_one(line: str, formulas: list[str]) -> None:
    html = render_note(f"{line}\n", [])
    assert re.findall(r'data-tex="([^"]*)" data-display="line"', html) == formulas
    assert 'data-display="block"' not in html


def test_points_hold_each_formula_of_such_a_line() -> None:
    text = b"- $$X$$, and $$Y$$ is unobserved\n- $$A$$ then $$B$$\n"
    note = parse_note(text, "a.md", window=256, count_tokens=EstimatedTokens().count_tokens)
    assert [point.text for point in note.points] == [
        "$$X$$, and $$Y$$ is unobserved",
        "$$A$$ then $$B$$",
    ]


def test_formulas_of_a_card_are_known_by_their_place() -> None:
    text = "cost $5 and $x^2$, or $\\nope$, $$y$$"
    found = [(text[start:end], tex) for start, end, tex in formulas_of(text)]
    assert found == [("$x^2$", "x^2"), ("$\\nope$", "\\nope"), ("$$y$$", "y")]
    assert formulas_of("so $$ a + b $$ holds") == [[3, 14, "a + b"]]


DISPLAYED = {
    "We have $$G$$ inside.": 'data-tex="G" data-display="line"',
    "words\n$$\nx\n\ny\n$$\nmore": 'data-tex="x\n\ny" data-display="block"',
    "$$x$$": 'data-tex="x" data-display="block"',
    "\\begin{align}\na &= b\n\\end{align}": 'data-tex="\\begin{align}\na &amp;= b',
    "see \\(a_1\\) here": 'data-tex="a_1" data-display="line"',
    "an \\(aside\\) stays": "an (aside) stays",
    "a ==high *light*== b": "a <mark>high <em>light</em></mark> b",
    "a == b == c": "a == b == c",
    "one<br>two <kbd>Ctrl</kbd>": "one<br>two <kbd>Ctrl</kbd>",
    "List<String> stays": "List&lt;String&gt; stays",
    "<details><summary>S</summary>\n\n- *b*\n\n</details>": "<li data-line-start",
    '!!! warning "Hot"\n    body': '<div class="callout-title">Hot</div>',
    "??? tip\n    body": 'data-line-end="2" class="callout callout-tip"><summary',
    '=== "Tab one"\n\n    body': 'callout-tab"><div class="callout-title">Tab one</div>',
    ":::tip Do\n\nbody\n\n:::": '<div class="callout-title">Do</div>',
    ":::info[Named]\nbody\n:::": '<div class="callout-title">Named</div>',
    "> [!NOTE]\n> body": '<div class="callout-title">Note</div>',
    "> [!faq]- Fold\n> body": '<summary class="callout-title">Fold</summary>',
    '{{< notice type="warning" >}}\nbody\n{{< /notice >}}': 'class="callout callout-warning"',
    '{{< figure src="no.png" caption="The *cap*" >}}': "<figcaption>The <em>cap</em></figcaption>",
    "see {{<youtube abc>}}": 'href="https://www.youtube.com/watch?v=abc"',
    "{{< highlight go >}}\nx := 1\n{{< /highlight >}}": '<pre data-language="go">',
    "a {{< counter 3 >}} b": 'class="chip" title="{{&lt; counter 3 &gt;}}">counter</span> b',
    'x {% include sidenote.html id="a" note="said $$k$$" %}': '<span class="aside">said <span',
    "[x](obsidian://open?vault=v)": 'class="elsewhere"',
}
HIDDEN = ("<!-- gone -->", "a %%gone%% b", "%%\ngone\n\n%%", "{% if gone %}", "{: .gone }")


@pytest.mark.parametrize("written", DISPLAYED)
def test_dialects_are_drawn_as_they_were_meant(written: str) -> None:
    assert DISPLAYED[written] in render_note(f"{written}\n", [])


@pytest.mark.parametrize("written", HIDDEN)
def test_what_is_no_text_is_hidden(written: str) -> None:
    assert "gone" not in render_note(f"before\n\n{written}\n\nafter\n", [])


def test_good_links_are_never_marked_as_dead() -> None:
    urls = [("obsidian://open", False), ("https://e.org", True), ("paper.docx", True)]
    kinds = {"o": LinkKind.URL, "h": LinkKind.URL, "p": LinkKind.FILE}
    links = [Link("n.md", 1, "x", url, kinds[url[0]], ok=ok) for url, ok in urls]
    links.append(Link("n.md", 1, "x", "gone.md", LinkKind.NOTE, ok=False))
    html = render_note("".join(f"[x]({one.target}) " for one in links), links)
    assert html.count('class="dead"') == 1
    assert html.count('class="elsewhere"') == 2
    assert 'href="https://e.org"' in html


def test_own_classes_alone_pass() -> None:
    assert 'class="x"' not in render_note('```x\n```\n\n> [!x" onclick=1] y\n', [])


@settings(max_examples=150, deadline=None)
@given(strategies.text('\\{}[]()^_&$<>%=:!"abdiv/ -\n', max_size=80))
def test_any_note_gives_balanced_html(text: str) -> None:
    html = render_note(text, [])
    opened = re.findall(r"<(div|p|span|details|mark|a|ul|ol|li)\b", html)
    closed = re.findall(r"</(div|p|span|details|mark|a|ul|ol|li)>", html)
    assert sorted(opened) == sorted(closed)
