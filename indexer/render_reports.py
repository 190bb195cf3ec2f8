"""Format reports as text and JSON: dump, check, export, import, links and evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from indexer.records import FileReport, Link, Missing
from indexer.render import exact_in_line, file_json, in_line, safe

if TYPE_CHECKING:
    from indexer.evaluation.questions import Comparison, Evaluation
    from indexer.evaluation.sizes import Sizes
    from indexer.indexing.parquet import Transfer
    from indexer.snapshot import DumpedPoint
    from indexer.store.records import Fault


def transfer_json(found: Transfer) -> dict[str, Any]:
    """Return the counts of an export or import as JSON."""
    return {
        "notes": found.notes,
        "points": found.points,
        "links": found.links,
        "digest": found.digest,
    }


def transfer_text(found: Transfer) -> str:
    """Return the counts of an export or import for a terminal."""
    return (
        f"{found.notes:,} notes, {found.points:,} points, {found.links:,} links\n"
        f"digest {found.digest}"
    )


def check_text(faults: Sequence[Fault]) -> str:
    """Return the faults of an index."""
    if not faults:
        return "the index is intact"
    return "\n".join(f"{in_line(fault.part)}: {in_line(fault.message)}" for fault in faults)


def evaluation_json(
    found: Evaluation, other: Evaluation | None = None, *, comparison: Comparison | None = None
) -> dict[str, Any]:
    """Return the figures of one or two evaluations as JSON, rounded to three digits."""
    groups = {
        name: {
            "n": figures.questions,
            "hit@1": round(figures.hit_at_1, 3),
            "hit@3": round(figures.hit_at_3, 3),
            "hit@5": round(figures.hit_at_5, 3),
            "mrr@10": round(figures.mrr_at_10, 3),
        }
        for name, figures in found.groups.items()
    }
    shares = {"auroc": found.auroc, "kept": found.kept, "rejected": found.rejected}
    rounded = {name: None if value is None else round(value, 3) for name, value in shares.items()}
    value: dict[str, Any] = {"groups": groups, "confidence": rounded}
    units = {"whole": _sizes_json(found.whole), "point": _sizes_json(found.points)}
    if any(units.values()):
        value["units"] = {**units, "cards": found.cards}
    if other is not None and comparison is not None:
        value |= {"other": evaluation_json(other), "comparison": _comparison_json(comparison)}
    return value


def _sizes_json(sizes: Sizes | None) -> dict[str, Any] | None:
    if sizes is None:
        return None
    return {"n": sizes.questions, "f1": round(sizes.f1, 3), "recall@5": round(sizes.recall, 3)}


def _comparison_json(comparison: Comparison) -> dict[str, Any]:
    return {
        "difference": round(comparison.difference, 4),
        "p": round(comparison.p_value, 4),
        "better": list(comparison.better),
        "worse": list(comparison.worse),
    }


def evaluation_text(
    found: Evaluation, other: Evaluation | None = None, *, comparison: Comparison | None = None
) -> str:
    """Return the figures of an evaluation as a table, with a second table if two are compared."""
    lines = [f"{'':<16}{'n':>5}{'hit@1':>8}{'hit@3':>8}{'hit@5':>8}{'MRR@10':>8}"]
    for name, row in evaluation_json(found)["groups"].items():
        shares = "".join(f"{row[key]:>8.3f}" for key in ("hit@1", "hit@3", "hit@5", "mrr@10"))
        lines.append(f"{name:<16}{row['n']:>5}{shares}")
    for name, value in (
        ("AUROC of confidence", found.auroc),
        ("answerable kept", found.kept),
        ("unanswerable rejected", found.rejected),
    ):
        if value is not None:
            lines.append(f"{name}: {value:.3f}")
    lines += _sizes_lines(found)
    if other is not None and comparison is not None:
        lines += ["", "with the other setting:", evaluation_text(other)]
        lines += ["", _comparison_text("MRR@10", comparison)]
    return "\n".join(lines)


def _sizes_lines(found: Evaluation) -> list[str]:
    lines = [
        f"{name} ({sizes.questions}): F1 of the first unit {sizes.f1:.3f}, "
        f"recall of five units {sizes.recall:.3f}"
        for name, sizes in (("for a whole", found.whole), ("for one point", found.points))
        if sizes is not None
    ]
    if found.cards is not None:
        lines.append(f"cards shown for one point, median: {found.cards:g}")
    return lines


def _comparison_text(measure: str, comparison: Comparison) -> str:
    lines = [
        f"{measure} {comparison.difference:+.4f} by the other setting, "
        f"p = {comparison.p_value:.3f} (paired t-test)",
        f"better ({len(comparison.better)}): {' '.join(comparison.better)}",
        f"worse ({len(comparison.worse)}): {' '.join(comparison.worse)}",
    ]
    return safe("\n".join(lines))


def collection_json(
    scores: Sequence[Mapping[str, Mapping[str, float]]], comparison: Comparison | None
) -> dict[str, Any]:
    """Return the mean figures of a retrieval collection for each setting."""
    from statistics import fmean  # the import takes 10 ms, which a question should not pay

    means = [
        {name: round(fmean(figures.values()), 4) for name, figures in found.items()}
        for found in scores
    ]
    value: dict[str, Any] = {"queries": len(next(iter(scores[0].values()))), **means[0]}
    if comparison is not None:
        value |= {"other": means[1], "comparison": _comparison_json(comparison)}
    return value


def collection_text(
    scores: Sequence[Mapping[str, Mapping[str, float]]], comparison: Comparison | None
) -> str:
    """Return the mean figures of a retrieval collection as lines."""
    value = collection_json(scores, None)
    lines = [f"{name:<8} {figure}" for name, figure in value.items()]
    if comparison is not None:
        lines += ["", "with the other setting:"]
        lines += [f"{name:<8} {x}" for name, x in collection_json(scores[1:], None).items()]
        lines += ["", _comparison_text("nDCG@10", comparison)]
    return "\n".join(lines)


def dump_json(files: Sequence[FileReport], points: Sequence[DumpedPoint]) -> dict[str, Any]:
    """Return every file and every point in the shape of the contract."""
    return {
        "files": [file_json(file) for file in files],
        "chunks": [
            {
                "path": dumped.note_id,
                "line_start": dumped.stored.point.line_start,
                "line_end": dumped.stored.point.line_end,
                "text": dumped.stored.point.text,
                "heading_path": list(dumped.stored.point.heading_path),
                "parents": list(dumped.stored.point.parents),
            }
            for dumped in points
        ],
    }


def dump_text(points: Sequence[DumpedPoint]) -> str:
    """Return every point as one line."""
    lines = []
    for dumped in points:
        point = dumped.stored.point
        text = " ".join(point.text.split())
        lines.append(
            f"{exact_in_line(dumped.note_id)}:{point.line_start}-{point.line_end}: {safe(text)}"
        )
    return "\n".join(lines)


def links_json(links: Sequence[Link]) -> dict[str, Any]:
    """Return links in the shape of the contract."""
    return {
        "links": [
            {
                "note": link.note_id,
                "line": link.line,
                "text": link.text,
                "target": link.target,
                "kind": link.kind.value,
                "to": link.to,
                "ok": link.ok,
                "mend": link.fix,
                "missing": link.missing.value if link.missing else None,
            }
            for link in links
        ]
    }


def links_text(links: Sequence[Link], *, broken: bool = False) -> str:
    """Return links for a terminal: place, text, target, and a fix if there is one.

    :param links: in printing order.
    :param broken: True to list pages not written yet at the end: they are normal in notes that link
        to ideas, unlike wrong paths.
    """
    pages = [link for link in links if broken and link.missing is Missing.PAGE]
    lines = [line for link in links if link not in pages for line in _link_lines(link)]
    if pages:
        lines.append(f"pages that are linked and not written yet ({len(pages)}):")
        lines += [line for link in pages for line in _link_lines(link)]
    return "\n".join(lines) or "no links"


def _link_lines(link: Link) -> list[str]:
    to = link.to or link.target
    place = f"{exact_in_line(link.note_id)}:{link.line}"
    state = f"  leads nowhere: {link.missing.said}" if link.missing else ""
    state = state and click.style(state, fg="yellow")
    said, target = in_line(link.text) or "(no text)", exact_in_line(to) or "(no target)"
    line = f"{place}: {said} -> {target}{state}"
    return [line, f"    fix: {in_line(link.fix)}"] if link.fix else [line]
