"""An overview of all points of an index: positions on a map, dates, example questions."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.private_files import make_private_folder, read_regular, replace_private
from indexer.records import Link
from indexer.snapshot import DumpedPoint, Snapshot
from indexer.text.terms import is_stop_word, terms_of
from indexer.web.layout import near_neighbours_together

Plane = NDArray[np.float32]
"""Coordinates, float32, shape ``(n, 2)``, from -1.04 to 1.04."""

_EXAMPLES = 6
_EDGE = 1.05
_LAYOUT_VERSION = 1  # bump when the same vectors are laid out otherwise
_MAX_KEPT_PLANES = 12
_MAX_GRAPH_NOTES = 1_000
_SPRING_STEPS = 80
# In each step, this number of random nodes pushes a node. With all nodes, a thousand notes take six
# times as long and look the same.
_SPRING_SAMPLE = 192
_MAX_REGIONS = 10
_REGION_WORDS = 2
_K_MEANS_STEPS = 12
_WORD = re.compile(r"[^\W\d_]{2,}")
# Headings that name the kind of a section, not its topic.
_PLAIN = frozenset(
    "about abstract appendix background basics conclusion conclusions content contents definition "
    "details example examples further general home index info intro introduction links links misc "
    "more motivation note notes other outline overview part preface question questions reading "
    "readings recap reference references related resources review section sources summary "
    "table takeaways tips todo toc topics week chapter lecture course lesson module illustrative "
    "simple motivating worked remark remarks setup everything else helpful page works next "
    "ahead".split()
)
_ASKING = frozenset(
    "how why what when where which who does is are can should warum wie was wann wo welche "
    "pourquoi comment quand por qué cómo cuándo dónde the a an of to in for and do i we you".split()
)
# Signs of formulas, links, code and numbered screens.
_ODD = re.compile(r"[$\\|<>{}\[\]=_/@]|https?:")
_NUMBERING = re.compile(
    r"^(?:[\divxIVX]+[.):]|week|chapter|lecture|part|lesson)\s*\d*\s*[:.-]?\s*", re.I
)


class Graph(NamedTuple):
    """Linked notes, their positions on a plane, and the linked pairs."""

    notes: tuple[str, ...]
    plane: Plane
    edges: tuple[tuple[int, int], ...]


class Region(NamedTuple):
    """A part of the plane, named by words that are typical of its points."""

    name: str
    x: float
    y: float


class Overview(NamedTuple):
    """The points of one generation in reading order.

    ``plane`` says where each of them is, ``region_of`` in which of the regions, -1 for none;
    ``refined`` says that neighbours were brought together.
    """

    generation: int
    points: tuple[DumpedPoint, ...]
    plane: Plane
    examples: tuple[str, ...]
    links: tuple[Link, ...]
    regions: tuple[Region, ...]
    region_of: tuple[int, ...] = ()
    refined: bool = False


class Gathered(NamedTuple):
    """What an overview is made of, read from one generation of an index."""

    generation: int
    points: tuple[DumpedPoint, ...]
    vectors: NDArray[np.float32]
    links: tuple[Link, ...]


def gather_points(snapshot: Snapshot) -> Gathered:
    """Return what an overview is made of.

    :param snapshot: whose points are laid out.
    :raises IndexerError: if there is no index, or it cannot be read.
    """
    generation, points, vectors = snapshot.all_points()
    return Gathered(generation, tuple(points), vectors, tuple(snapshot.links()))


def make_overview(gathered: Gathered) -> Overview:
    """Return a first overview, of which the map is drawn in a tenth of a second.

    :param gathered: what it is made of.
    """
    plane = lay_out(gathered.vectors, [point.note_id for point in gathered.points])
    texts = [dumped.stored.point.text for dumped in gathered.points]
    regions, region_of = name_regions(plane, texts)
    return Overview(
        generation=gathered.generation,
        points=gathered.points,
        plane=plane,
        examples=examples_from(gathered.points),
        links=gathered.links,
        regions=regions,
        region_of=region_of,
    )


def refine_overview(overview: Overview, vectors: NDArray[np.float32], cache: Path) -> Overview:
    """Return an overview with neighbours near each other on the map; seconds for many points.

    :param overview: the first one.
    :param vectors: of its points.
    :param cache: where the places are kept for the next start.
    """
    plane = _kept_plane(cache, vectors)
    if plane is None:
        plane = _spread(near_neighbours_together(overview.plane, vectors))
        _keep_plane(cache, vectors, plane)
    texts = [dumped.stored.point.text for dumped in overview.points]
    regions, region_of = name_regions(plane, texts)
    return overview._replace(plane=plane, regions=regions, region_of=region_of, refined=True)


def _plane_file(cache: Path, vectors: NDArray[np.float32]) -> Path:
    digest = hashlib.blake2b(vectors.tobytes(), digest_size=12)
    return cache / "maps" / f"{digest.hexdigest()}-{_LAYOUT_VERSION}"


def _kept_plane(cache: Path, vectors: NDArray[np.float32]) -> Plane | None:
    """Return the places of these points as they were kept, None if they were not."""
    wanted = 8 * len(vectors)
    with contextlib.suppress(OSError):
        content = read_regular(_plane_file(cache, vectors), wanted + 1)
        if len(content) == wanted:
            plane = np.frombuffer(content, "<f4").reshape(-1, 2)
            if np.isfinite(plane).all() and np.abs(plane).max(initial=0) <= _EDGE:
                return np.asarray(plane, np.float32)
    return None


def _keep_plane(cache: Path, vectors: NDArray[np.float32], plane: Plane) -> None:
    """Keep the places, and those of the newest other maps; without a cache they are made again."""
    path = _plane_file(cache, vectors)
    with contextlib.suppress(OSError):
        make_private_folder(path.parent)
        replace_private(path, plane.astype("<f4").tobytes())
        kept = sorted(path.parent.iterdir(), key=lambda one: one.stat().st_mtime_ns)
        for old in kept[:-_MAX_KEPT_PLANES]:
            old.unlink(missing_ok=True)


@functools.lru_cache(maxsize=2)
def graph_of(links: tuple[Link, ...]) -> Graph:
    """Return the graph of linked notes, cached for the same links."""
    return lay_out_links(links)


def name_regions(plane: Plane, texts: Sequence[str]) -> tuple[tuple[Region, ...], tuple[int, ...]]:
    """Return the parts of a plane, each named by two of its own words, and the part of each point.

    Points are grouped by k-means with a fixed start. The weight of a word is its frequency in a
    group, times the logarithm of how much more frequent it is there than elsewhere.

    :param plane: the positions of the points.
    :param texts: of the points.
    :return: the parts, those with most points first, and for each point the number of its part,
        -1 where that has no name.
    """
    count = len(plane)
    groups = min(_MAX_REGIONS, int(np.sqrt(count / 12)))
    if groups < 2:
        return (), (-1,) * count
    place = _k_means(plane, groups)
    words: list[Counter[str]] = [Counter() for _ in range(groups)]
    stem_of: dict[str, str] = {}
    written: Counter[str] = Counter()  # "word" and "words" are one word, named as most often
    for text, group in zip(texts, place.tolist(), strict=True):
        own_words = {w.casefold() for w in _WORD.findall(text) if len(w) > 3}
        for word in own_words - stem_of.keys():
            stem_of[word] = "" if is_stop_word(word) else next(iter(terms_of(word)), word)
        written.update(own_words)
        words[group].update({stem_of[w] for w in own_words} - {""})
    form_of: dict[str, str] = {}
    for word, _ in sorted(written.items(), key=lambda one: (-one[1], one[0])):
        form_of.setdefault(stem_of[word], word)
    everywhere: Counter[str] = Counter()
    for own in words:
        everywhere.update(own)
    sizes = np.bincount(place, minlength=groups)
    regions: list[tuple[int, int, Region]] = []
    used: set[str] = set()
    for group in sorted(range(groups), key=lambda one: (-int(sizes[one]), one)):
        size, own = int(sizes[group]), words[group]
        share = max(size, 1) / count
        rates = {
            w: n * np.log(n / (share * everywhere[w]))
            for w, n in own.items()
            if n > 1 and w not in used
        }
        telling = sorted(rates, key=lambda word: (-rates[word], word))[:_REGION_WORDS]
        used.update(telling)
        if telling and size:
            x, y = np.median(plane[place == group], axis=0)
            name = ", ".join(map(form_of.__getitem__, telling))
            regions.append((size, group, Region(name, float(x), float(y))))
    number = {group: i for i, (_, group, _) in enumerate(regions)}
    named = tuple(number.get(group, -1) for group in place.tolist())
    return tuple(region for _, _, region in regions), named


def _k_means(plane: Plane, groups: int) -> NDArray[np.int64]:
    """Return the group of each point, int64, shape ``(n,)``."""
    start = np.linspace(0, len(plane) - 1, groups).astype(int)
    order = np.lexsort((plane[:, 1], plane[:, 0]))
    centres = plane[order[start]].astype(np.float32)
    place = np.zeros(len(plane), np.int64)
    for _ in range(_K_MEANS_STEPS):
        apart = ((plane[:, np.newaxis] - centres) ** 2).sum(axis=2)
        place = apart.argmin(axis=1)
        sizes = np.bincount(place, minlength=groups)
        for axis in (0, 1):
            sums = np.bincount(place, weights=plane[:, axis], minlength=groups)
            centres[:, axis] = np.where(sizes > 0, sums / np.maximum(sizes, 1), centres[:, axis])
    return place


def lay_out(vectors: NDArray[np.float32], groups: Sequence[str]) -> Plane:
    """Return points projected on the two directions in which the groups differ most.

    This is a principal component analysis of the means of the groups, weighted by the root of their
    size, or of the points if there are fewer than three groups. Unlike an analysis of all points,
    its directions separate notes, which helps readers.

    :param vectors: float32, shape ``(n, dimension)``.
    :param groups: the group of each point.
    """
    count = len(vectors)
    if count < 3:
        line = np.linspace(-0.5, 0.5, count, dtype=np.float32)
        return np.stack([line, line], axis=1)
    names, place = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    centred = vectors - vectors.mean(axis=0)
    rows = centred
    if len(names) >= 3:
        sizes = np.bincount(place).astype(np.float32)
        sums = np.zeros((len(names), vectors.shape[1]), np.float32)
        np.add.at(sums, place, centred)
        rows = sums / np.sqrt(sizes)[:, np.newaxis]
    _, directions = np.linalg.eigh(rows.T.astype(np.float64) @ rows)
    axes = directions[:, [-1, -2]].astype(np.float32)
    axes *= np.where(
        axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1, 1
    )  # the same sign each time
    return _spread(centred @ axes)


def _spread(plane: NDArray[np.float32]) -> Plane:
    """Return points with the room of the plane used: crowds are thinned, strays drawn in.

    Half of a coordinate is the value, half its rank, so that the order along each axis stays.

    :param plane: float32, shape ``(n, 2)``.
    """
    low, high = np.quantile(plane, [0.004, 0.996], axis=0)
    scaled = np.clip((2 * plane - low - high) / np.maximum(high - low, 1e-9), -1.04, 1.04)
    ranks = plane.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    return np.asarray(0.5 * scaled + 0.5 * (2 * ranks / max(len(plane) - 1, 1) - 1), np.float32)


def lay_out_links(links: Sequence[Link]) -> Graph:
    """Return the graph of notes that link to one another.

    Links attract notes and all notes repel each other (Fruchterman & Reingold, 1991), with a fixed
    start. Above a thousand notes, only those with the most links are kept.

    :param links: of all notes, resolved.
    """
    pairs = {tuple(sorted((one.note_id, one.to))) for one in links if one.to and one.ok}
    pairs = {pair for pair in pairs if pair[0] != pair[1]}
    degree = Counter(end for pair in pairs for end in pair)
    notes = sorted(sorted(degree), key=lambda note: -degree[note])[:_MAX_GRAPH_NOTES]
    place = {note: i for i, note in enumerate(notes)}
    edges = sorted((place[a], place[b]) for a, b in pairs if a in place and b in place)
    return Graph(tuple(notes), _spring(len(notes), np.array(edges).reshape(-1, 2)), tuple(edges))


def _spring(count: int, edges: NDArray[np.int64]) -> Plane:
    """Return the positions of nodes, shape ``(count, 2)``.

    :param count: of nodes.
    :param edges: int64, shape ``(m, 2)``.
    """
    if not count:
        return np.zeros((0, 2), np.float32)
    turn = np.arange(count) * 2.399963  # the golden angle spreads them evenly
    spread = np.sqrt((np.arange(count) + 0.5) / count)
    plane = np.stack([spread * np.cos(turn), spread * np.sin(turn)], axis=1).astype(np.float32)
    ideal = 1.4 / np.sqrt(count)
    random, sampled = np.random.default_rng(0), min(count, _SPRING_SAMPLE)
    for step in np.linspace(0.12, 0.004, _SPRING_STEPS):
        others = plane if count <= _SPRING_SAMPLE else plane[random.permutation(count)[:sampled]]
        apart = plane[:, np.newaxis] - others
        square = np.maximum((apart**2).sum(axis=2), 1e-4)
        push = (apart * (ideal**2 / square)[..., np.newaxis]).sum(axis=1) * (count / len(others))
        along = plane[edges[:, 0]] - plane[edges[:, 1]]
        pull = along * (np.sqrt((along**2).sum(axis=1)) / ideal)[:, np.newaxis]
        np.add.at(push, edges[:, 0], -pull)
        np.add.at(push, edges[:, 1], pull)
        push -= plane * 0.9  # pull to the centre
        length = np.maximum(np.sqrt((push**2).sum(axis=1)), 1e-9)
        plane += push * (np.minimum(length, step) / length)[:, np.newaxis]
    plane -= (plane.max(axis=0) + plane.min(axis=0)) / 2
    return np.asarray(plane / max(float(np.abs(plane).max()), 1e-9), np.float32)


def examples_from(points: Sequence[DumpedPoint]) -> tuple[str, ...]:
    """Return questions from headings of the notes, then topics, each of a different note.

    Headings with the most points come first. No two share a word.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for dumped in points:
        path = dumped.stored.point.heading_path
        title = dumped.stored.note.title
        if path and path[-1].casefold() != title.casefold():
            counts[dumped.note_id, path[-1]] += 1
    order = sorted(counts, key=lambda key: (not _asks(key[1]), -counts[key], key))
    used_notes: set[str] = set()
    used_words: set[str] = set()
    examples: list[str] = []
    for note_id, heading in order:
        example = example_from(heading)
        words = {word.casefold() for word in _WORD.findall(example)} - _ASKING
        if not example or note_id in used_notes or words & used_words:
            continue
        used_notes.add(note_id)
        used_words |= words
        examples.append(example)
        if len(examples) == _EXAMPLES:
            break
    return tuple(examples)


def example_from(heading: str) -> str:
    """Return a heading as a question or topic, empty if it says too little."""
    text = _NUMBERING.sub("", " ".join(heading.split())).strip(" .:#*`-")
    words = _WORD.findall(text)
    telling = [
        word for word in words if word.casefold() not in _PLAIN | _ASKING and not is_stop_word(word)
    ]
    if words and text[0].islower() and is_stop_word(words[0]) and not text.endswith("?"):
        return ""  # the rest of a sentence, as in "### in admonitions"
    if not telling or not 1 < len(words) <= 8 or len(text) > 60 or _ODD.search(text):
        return ""
    return text


def _asks(heading: str) -> bool:
    """Return whether a heading is a question."""
    first = _WORD.search(heading)
    return heading.rstrip().endswith("?") or bool(
        first and first.group().casefold() in _ASKING and example_from(heading)
    )
