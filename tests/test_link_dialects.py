"""Links as the tools that wrote them follow them: folders of notes, built and looked at whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.records import Link, Missing
from indexer.render_reports import links_json, links_text

pytestmark = pytest.mark.every_store

UUID = "64f00000-1111-4222-8333-00000000000a"
OTHER_UUID = "64f00000-1111-4222-8333-00000000000b"


@pytest.fixture
def links_in(open_notebook: OpenNotebook, write_notes: WriteNotes):  # type: ignore[no-untyped-def]
    """Return a function that builds notes and returns the links by (note, target)."""

    def build(notes: Mapping[str, str]) -> dict[tuple[str, str], Link]:
        notebook = open_notebook(write_notes(notes))
        notebook.build()
        return {(link.note_id, link.target): link for link in notebook.links()}

    return build


def led(links: dict[tuple[str, str], Link], note: str = "a.md") -> dict[str, str | None]:
    """Return the targets of a note's links: the note, "file", or the missing part."""
    found: dict[str, str | None] = {}
    for (note_id, target), link in links.items():
        if note_id == note:
            found[target] = link.missing.value if link.missing else (link.to or link.kind.value)
    return found


def test_three_formats_of_obsidian(links_in) -> None:
    links = links_in(
        {
            ".obsidian/app.json": "{}",
            "work/plans/a.md": "\n".join(
                [
                    "- [[Roof]] [s](Roof.md) [[repairs/Roof]]",
                    "- [[../repairs/Roof]] [r](../repairs/Roof.md)",
                    "- [[work/repairs/Roof]] [v](work/repairs/Roof.md)",
                    "- ![[tin roof.png]] ![s](tin%20roof.png) [v](files/tin%20roof.png)",
                ]
            ),
            "work/repairs/Roof.md": "Tiles.",
            "files/tin roof.png": "x",
        }
    )
    found = led(links, "work/plans/a.md")
    pictures = {target for target in found if "png" in target}
    assert {found[target] for target in pictures} == {"file"}
    assert {found[target] for target in found.keys() - pictures} == {"work/repairs/Roof.md"}
    assert not any(link.fix for link in links.values())


def test_bare_name_on_a_site_is_wrong_and_has_a_fix(links_in) -> None:
    links = links_in({"mkdocs.yml": "x", "a.md": "[s](roof.md)", "guide/roof.md": "Tiles."})
    link = links["a.md", "roof.md"]
    assert (link.ok, link.missing, link.fix) == (False, Missing.NOTE, "[s](guide/roof.md)")


def test_hugo(links_in) -> None:
    links = links_in(
        {
            "hugo.toml": "",
            "content/_index.md": "Welcome.",
            "content/recipes/_index.md": "All of them.",
            "content/recipes/soup/index.md": "## Leek & potato\n\nStir.",
            "content/recipes/bread.md": "---\naliases: [/old/loaf/]\n---\nKnead.",
            "static/pics/pan.jpg": "x",
            "content/a.md": "\n".join(
                [
                    '- [1]({{< ref "bread" >}}) [2]({{< relref "recipes/soup#leek--potato" >}})',
                    '- [3]({{% relref "./recipes/bread.md" %}}) [4]({{< ref "nothing" >}})',
                    "- [5](/recipes/) [6](/soup/#leek--potato) [7](/old/loaf/) [8](/pics/pan.jpg)",
                    "- [9](/tags/winter/) [10](/recipes/cake/) [11](/) [12](../recipes/bread/)",
                ]
            ),
        }
    )
    assert list(led(links, "content/a.md").values()) == [
        *("content/recipes/bread.md", "content/recipes/soup/index.md"),
        *("content/recipes/bread.md", "note"),
        *("content/recipes/_index.md", "content/recipes/soup/index.md", "content/recipes/bread.md"),
        *("file", "file", "note", "file", "content/recipes/bread.md"),
    ]


def test_jekyll(links_in) -> None:
    links = links_in(
        {
            "_config.yml": "",
            "_posts/2021-05-06-kite.md": "## Tail\n\nSix ribbons.",
            "about.md": "---\npermalink: /about-me/\n---\nHello.",
            "assets/kite.png": "x",
            "a.md": "\n".join(
                [
                    "- [1]({% post_url 2021-05-06-kite %}#tail) [2]({% link about.md %})",
                    "- [3]({{ site.baseurl }}/about-me/)",
                    "- [4]({{ '/2021/05/06/kite.html' | relative_url }})",
                    '- ![5]({{ "/assets/kite.png" | absolute_url }}) [6](/2021/05/07/kite.html)',
                ]
            ),
        }
    )
    post = "_posts/2021-05-06-kite.md"
    assert list(led(links).values())[:5] == [post, "about.md", "about.md", post, "file"]


def test_docusaurus_and_mkdocs(links_in) -> None:
    links = links_in(
        {
            "docusaurus.config.js": "",
            "docs/01-first-steps.md": "## Plug in {#power}\n\nRed to red.",
            "docs/02-more/03-tuning.mdx": "Turn left.\n\n[back](../first-steps)",
            "docs/a.md": "\n".join(
                [
                    "- [1](./first-steps#power) [2](/first-steps) [3](01-first-steps.md#power)",
                    "- [4](./more/tuning) [5](@site/docs/01-first-steps.md) [6](./gone)",
                    "- [7](01-first-steps.md#no-power)",
                ]
            ),
        }
    )
    first = "docs/01-first-steps.md"
    assert list(led(links, "docs/a.md").values()) == [
        *(first, first, first, "docs/02-more/03-tuning.mdx", first, "note", "heading")
    ]
    assert led(links, "docs/02-more/03-tuning.mdx") == {"../first-steps": first}


def test_id_of_a_page_at_the_top_and_a_table_of_toml(links_in) -> None:
    links = links_in(
        {
            "intro.md": '---\nid: begin\n---\n## 3.1 <small>May</small> { id="3.1.0" }\n\nHello.',
            "a.md": "[1](./begin) [2](begin#x) [3](begin#3.1.0)\n\n[[menus.top]]\nname = 'P'\n",
        }
    )
    assert led(links) == {"./begin": "intro.md", "begin#x": "heading", "begin#3.1.0": "intro.md"}


def test_logseq(links_in) -> None:
    links = links_in(
        {
            "logseq/config.edn": "{}",
            "pages/tools___saw.md": f"- Sharpen it first\n  id:: {UUID}\n",
            "pages/tools%2Fplane.md": "- Set the iron\n",
            "journals/2023_11_08.md": "- rain\n",
            "a.md": "\n".join(
                [
                    "- [[tools/saw]] [[tools/plane]] [[Nov 8th, 2023]] [[tools/never]]",
                    f"- (({UUID})) [it](({UUID})) (({OTHER_UUID}))",
                    "- [the saw]([[tools/saw]]) [rain]([[Nov 8th, 2023]])",
                ]
            ),
        }
    )
    assert led(links) == {
        "tools/saw": "pages/tools___saw.md",
        "tools/plane": "pages/tools%2Fplane.md",
        "Nov 8th, 2023": "journals/2023_11_08.md",
        "tools/never": "page",
        f"(({UUID}))": "pages/tools___saw.md",
        f"({UUID})": "note",
        f"(({OTHER_UUID}))": "block",
        "[[tools/saw]]": "pages/tools___saw.md",
        "[[Nov 8th, 2023]]": "journals/2023_11_08.md",
    }
    assert links["a.md", f"(({UUID}))"].to_line == 1


def test_zettel_ids_dendron_and_gollum_order(links_in) -> None:
    links = links_in(
        {
            "202311081215 On saws.md": "Teeth.",
            "21b3 On planes.md": "Irons.",
            "shop.tools.saw.md": "Hand tools.",
            "Work-bench.md": "Flat.",
            "a.md": "[[202311081215]] [[21b3]] [[my saw|shop.tools.saw]] [[the bench|Work bench]]",
        }
    )
    assert [link.to for link in links.values()] == [
        "202311081215 On saws.md",
        "21b3 On planes.md",
        "shop.tools.saw.md",
        "Work-bench.md",
    ]
    assert links["a.md", "shop.tools.saw"].text == "my saw"


def test_notion_and_joplin(links_in) -> None:
    number = "0123456789abcdef0123456789abcdef"
    links = links_in(
        {
            f"Shop {number}.md": "# Shop\n\nOpen.",
            "fedcba9876543210fedcba9876543210.md": "Diary",
            "a.md": f"[[Shop]] [s](Shop%20{number}.md) [j](:/fedcba9876543210fedcba9876543210)",
        }
    )
    shop, diary = f"Shop {number}.md", "fedcba9876543210fedcba9876543210.md"
    assert [link.to for link in links.values()] == [shop, shop, diary]


def test_parts_of_notes(links_in) -> None:
    links = links_in(
        {
            "t.md": "\n".join(
                [
                    "# 1. Begin",
                    "",
                    "| a | b |",
                    "|---|---|",
                    "| 1 | 2 |",
                    "",
                    "^table",
                    "",
                    "## Fixed",
                    "",
                    "> quoted",
                    "",
                    "^quote",
                    "",
                    "# 2.0",
                    "",
                    "## Fixed",
                    "",
                    '<a name="old-name"></a>',
                    "",
                    "Text with an id. {: #given .x }",
                ]
            ),
            "a.md": "\n".join(
                [
                    "- [[t#^table]] [[t#^quote]] [[t#^none]]",
                    "- [[t#2.0#Fixed]] [f](t.md#fixed-1) [[t#1. Begin#Fixed]] [[t#2.0#Begin]]",
                    "- [b](t.md#begin) [b](t.md#1-begin) [o](t.md#old-name) [g](t.md#given)",
                    "- [[t#]] [m](t.md#top) [f](t.md#missing)",
                ]
            ),
        }
    )
    assert [
        link.to_line or (link.missing and link.missing.value)
        for (note, _), link in links.items()
        if note == "a.md"
    ] == [3, 11, "block", 17, 17, 9, "heading", 1, 1, 19, 21, None, None, "heading"]


def test_other_programs_and_addresses_without_their_scheme(links_in) -> None:
    links = links_in(
        {
            "a.md": "\n".join(
                f"- [{i}]({target})"
                for i, target in enumerate(
                    [
                        *("zotero://select/x", "things:///show?id=1", "tel:+3112", "ftp://x.org/a"),
                        *("file:///home/x/y.pdf", "//cdn.example.org/x", "mailto:a@b.org"),
                        *("javascript:alert(1)", "data:text/html,x", "example.org/shop"),
                    ]
                )
            )
        }
    )
    found = list(led(links).values())
    assert found == [*["url"] * 4, "file", *["url"] * 2, *["address"] * 3]
    assert links["a.md", "example.org/shop"].fix == "[9](https://example.org/shop)"


def test_files_in_hidden_folders_and_folders(links_in) -> None:
    links = links_in(
        {
            "a.md": "![p](.gitbook/assets/p%201.png) ![q](.gitbook/q.png) [f](sub/) [g](nosub/)",
            ".gitbook/assets/p 1.png": "x",
            "sub/other.md": "words",
        }
    )
    assert [(link.ok, link.kind.value) for link in links.values()] == [
        *((True, "file"), (False, "file"), (True, "file"), (False, "note"))
    ]


def test_links_in_properties_have_their_lines(links_in) -> None:
    links = links_in(
        {
            "a.md": '---\nup: "[[Attic]]"\nsee:\n  - "[[Roof|the roof]]"\n  - [x](b.md)\n'
            "source: https://example.org/x\n---\nText.\n",
            "Attic.md": "x",
            "Roof.md": "x",
            "b.md": "x",
        }
    )
    found = {link.target: (link.line, link.text, link.to) for link in links.values()}
    assert found == {
        "Attic": (2, "Attic", "Attic.md"),
        "Roof": (4, "the roof", "Roof.md"),
        "b.md": (5, "x", "b.md"),
        "https://example.org/x": (6, "https://example.org/x", None),
    }


def test_wrapped_link_and_unescaped_bar_in_a_table(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    notebook = open_notebook(
        write_notes(
            {
                "a.md": "See [[The\nold mill]] and after.\n\n| x | y |\n|---|---|\n"
                "| 1 | [[The old mill|mill]] | \n| [[The old mill\\|m]] | 2 |\n",
                "The old mill.md": "x",
            }
        )
    )
    notebook.build()
    links = notebook.links("a.md")
    assert [(link.line, link.text) for link in links] == [
        (1, "The old mill"),
        (6, "mill"),
        (7, "m"),
    ]
    assert all(link.ok for link in links)
    after = next(p for p in notebook.points_of("a.md") if "after" in p.point.text)
    assert (after.point.line_start, after.point.line_end) == (1, 2)


def test_embed_alone_makes_no_point(open_notebook: OpenNotebook, write_notes: WriteNotes) -> None:
    notes = {"a.md": "# A\n\n![[b#Costs]]\n\nSee ![[b]] inside.\n", "b.md": "## Costs\n\nTen.\n"}
    notebook = open_notebook(write_notes(notes))
    notebook.build()
    assert [p.point.text for p in notebook.points_of("a.md")] == ["See b inside."]
    assert [link.to for link in notebook.links("a.md")] == ["b.md", "b.md"]


def test_file_that_comes_and_goes_is_seen_by_the_next_build(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    folder = write_notes({"a.md": "![p](p.png)"})
    notebook = open_notebook(folder)
    notebook.build()
    assert [link.missing for link in notebook.links()] == [Missing.FILE]
    Path(folder, "p.png").write_bytes(b"x")
    notebook.build()
    assert notebook.links()[0].ok
    Path(folder, "p.png").unlink()
    notebook.build()
    assert not notebook.links()[0].ok


def test_new_note_fixes_links_that_led_nowhere(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    folder = write_notes({"a.md": "[[the saw|shop saw]] [[Later]]"})
    notebook = open_notebook(folder)
    notebook.build()
    assert {link.missing for link in notebook.links()} == {Missing.PAGE}
    Path(folder, "shop saw.md").write_text("words", encoding="utf-8")
    Path(folder, "Later.md").write_text("words", encoding="utf-8")
    notebook.build()
    assert [link.to for link in notebook.links("a.md")] == ["shop saw.md", "Later.md"]


def test_broken_links_say_what_is_missing_and_pages_come_last() -> None:
    from indexer.records import LinkKind

    def link(target: str, missing: Missing | None) -> Link:
        ok = missing is None
        return Link("a.md", 1, "t", target, LinkKind.NOTE, ok=ok, missing=missing)

    page, heading = link("Idea", Missing.PAGE), link("b.md#x", Missing.HEADING)
    text = links_text([page, heading], broken=True)
    first, head, last = text.splitlines()
    assert "no such heading" in first
    assert head == "pages that are linked and not written yet (1):"
    assert "Idea" in last
    assert [one["missing"] for one in links_json([page, heading])["links"]] == ["page", "heading"]


def test_addresses_that_a_template_fills_in_are_not_broken(links_in) -> None:
    links = links_in({"a.md": "[{{ boat.name }}]({{ boat.url }}) [next]({{ page.next.url }})"})
    assert [(link.text, link.ok) for link in links.values()] == [("", True), ("next", True)]


def test_base_path_language_and_made_pages_of_a_site(links_in) -> None:
    links = links_in(
        {
            "_config.yml": "title: Yard\nbaseurl: /yard\n",
            "a.md": "[1](/yard/slip/) [2](/de/slip/) [3](/posts/page/2/) [4](/yard/gone/) "
            "[5](/x/slip/)",
            "slip.md": "---\npermalink: /slip/\n---\nx\n",
        }
    )
    assert led(links) == {
        "/yard/slip/": "slip.md",
        "/de/slip/": "slip.md",
        "/posts/page/2/": "file",
        "/yard/gone/": "note",
        "/x/slip/": "note",
    }


def test_base_path_in_the_address_of_a_hugo_site(links_in) -> None:
    links = links_in(
        {
            "hugo.toml": 'baseURL = "https://example.org/yard/"\n',
            "content/a.md": "[slip](/yard/slip/)",
            "content/slip.md": "x",
        }
    )
    assert led(links, "content/a.md") == {"/yard/slip/": "content/slip.md"}


def test_reference_of_hugo_without_a_text_is_a_link(links_in) -> None:
    links = links_in(
        {
            "a.md": 'See {{< ref "slip.md" >}} now.\n\n{{% relref "gone" %}}\n',
            "slip.md": "x",
        }
    )
    assert led(links) == {'{{< ref "slip.md" >}}': "slip.md", '{{% relref "gone" %}}': "note"}


def test_slug_dated_post_and_category_of_docusaurus(links_in) -> None:
    links = links_in(
        {
            "docusaurus.config.js": "x",
            "docs/a.md": "[1](/docs/start) [2](/blog/2031/04/02/launch) [3](/docs/category/boats)",
            "docs/intro.md": "---\nslug: /start\n---\nx\n",
            "blog/2031-04-02-launch.md": "x",
        }
    )
    assert led(links, "docs/a.md") == {
        "/docs/start": "docs/intro.md",
        "/blog/2031/04/02/launch": "blog/2031-04-02-launch.md",
        "/docs/category/boats": "file",
    }


def test_anchor_with_the_prefix_of_github_and_address_of_git(links_in) -> None:
    links = links_in(
        {
            "a.md": "[t](#user-content-hull-tar) [c](git@example.org:yard/boats.git)\n\n"
            "## Hull: tar\n\nx"
        }
    )
    assert led(links) == {"#user-content-hull-tar": "a.md", "git@example.org:yard/boats.git": "url"}


def test_template_in_a_link_is_not_broken_but_a_reference_can_be(links_in) -> None:
    links = links_in({"a.md": '[[<% tp.date.now() %>]] [y]({{< ref "gone" >}})'})
    assert [link.ok for link in links.values()] == [True, False]


def test_folder_of_a_site_is_its_index_not_its_readme(links_in) -> None:
    notes = {"README.md": "r", "index.md": "i", "b/a.md": "[up](../)"}
    assert led(links_in({"_config.yml": "title: x", **notes}), "b/a.md") == {"../": "index.md"}


HELP = {
    ".obsidian/app.json": "{}",
    "Home.md": (
        "[[Getting started/Make a vault|Start here]]. ![[Start.png#interface|200]]\n\n"
        "- [[Make a vault#What is a vault?]] and [[Make a vault#^where]]\n"
        "- [[Links, tags & more#Link to a heading (H2)]], [[Links, tags & more#Ctrl/Cmd + K]]\n"
        "- [[Links, tags & more#Link to a heading (H2)#In short]]\n"
        "- [[Vault|vaults]], [[Editing and formatting/Callouts#Types]], [[Callouts#Note - plain]]\n"
        "- ![[Map of the help.canvas]] ![[Plugins.base#Core plugins]] [[#Colours: dark, light]]\n"
        "- [Sync](https://example.org/sync) [open](obsidian://open?vault=help) "
        "[md](Editing%20and%20formatting/Callouts.md#Types) [here](<Plugins/Daily notes.md>)\n"
        "- [[Daily notes]] [[daily notes#Use a template]] ![[Sound.mp3]] ![[Guide.pdf#page=3]]\n\n"
        "## Colours: dark, light\n\n`[[not a link]]` and \\[[neither]]\n\n"
        "> [!tip] See [[Callouts]]\n> ![[Callouts#Types]]\n\n"
        "| key | page |\n|---|---|\n| `a` | [[Daily notes\\|notes of days]] |\n"
    ),
    "Getting started/Make a vault.md": (
        "---\naliases:\n  - Vault\npublish: true\npermalink: vault\n---\n"
        "A folder. ^where\n\n## What is a vault?\n\nBack to [[Home]].\n"
    ),
    "Editing and formatting/Links, tags & more.md": (
        "## Link to a heading (H2)\n\n### In short\n\nType `[[`.\n\n## Ctrl/Cmd + K\n\nx\n"
    ),
    "Editing and formatting/Callouts.md": "## Types\n\n> [!note]\n> x\n\n## Note - plain\n\nx\n",
    "Plugins/Daily notes.md": "## Use a template\n\n`{{date}}`\n",
    "Map of the help.canvas": "{}",
    "Plugins/Plugins.base": "views: []",
    "Attachments/Start.png": "x",
    "Attachments/Sound.mp3": "x",
    "Attachments/Guide.pdf": "x",
}


def test_a_vault_like_the_help_of_obsidian_has_no_broken_link(links_in) -> None:
    links = links_in(HELP)
    assert len(links) == 24
    assert [target for (_, target), link in links.items() if not link.ok] == []


def test_links_of_further_programs(links_in) -> None:
    notes = {
        "a.md": "\n".join(
            [
                "[[weir/Low water]] [[weir@120]] [[weir@L3]] [x](weir.md#L2-L4)",
                "[[dendron://main/weir#low-water]] [[weir#low-water,1:#end]] [[x|dendron://m/weir]]",
                "[[evernote:///view/1/]] [[https://w.example/x]] [u](\\\\\\\\srv\\\\share\\\\x.md)",
                "[[file:weir.md][w]] {ref}`sluice` {doc}`weir` {ref}`It <gate>` {ref}`nothing`",
                "[[weir/No such]] [[nowhere@3]]",
            ]
        ),
        "weir.md": "## Low water\n\nwords\n\n(sluice)=\n## Sluice\n\n"
        "(gate)=\n\nA gate.\n\n## End\n\nx\n",
    }
    found = led(links_in(notes))
    broken = {target for target, to in found.items() if to in ("page", "heading", "note")}
    assert broken == {"weir/No such", "nowhere@3", "#nothing"}
    assert {found[t] for t in ("#sluice", "#gate", "weir", "weir.md", "weir@120")} == {"weir.md"}


def test_hugo_reference_with_a_language_and_docusaurus_id_below_a_number(links_in) -> None:
    hugo = {
        "hugo.toml": "",
        "content/a.md": '[x]({{< ref path="weir" lang="en" >}}) '
        '[y]({{< ref lang="en" path="weir" >}})',
        "content/weir.md": "Weir.",
    }
    assert set(led(links_in(hugo), "content/a.md").values()) == {"content/weir.md"}


def test_docusaurus_id_below_a_numbered_folder(links_in) -> None:
    notes = {
        "docusaurus.config.js": "module.exports = {baseUrl: '/d/'}",
        "docs/a.md": "[x](/docs/mill/the-weir) [y](/d/docs/mill/the-weir)",
        "docs/01-mill/02-w.md": "---\nid: the-weir\n---\nWeir.",
    }
    assert set(led(links_in(notes), "docs/a.md").values()) == {"docs/01-mill/02-w.md"}
