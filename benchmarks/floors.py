"""What is compared with: the plain libraries put together in the plainest way, on the same notes.

    python benchmarks/floors.py build|query dense|words FOLDER NOTES [QUESTION]

*dense*: sentence-transformers over every line of every note into a flat FAISS index in a file; a
query is a process that loads both. *words*: SQLite's FTS5 with its own analysis and BM25 over the
same lines. Neither knows structure, links or changes.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))


def lines_of(notes: Path) -> list[str]:
    """Return the lines of all notes that hold a word."""
    found: list[str] = []
    for path in sorted(notes.rglob("*.md")):
        lines = path.read_text("utf-8", "replace").splitlines()
        found += [line.strip() for line in lines if any(map(str.isalnum, line))]
    return found


def build_dense(folder: Path, notes: Path) -> None:
    import faiss
    from sentence_transformers import SentenceTransformer

    from indexer.encoding.packaged import RECIPES, packaged_folder

    lines = lines_of(notes)
    model = SentenceTransformer(str(packaged_folder(RECIPES["all-MiniLM-L6-v2"])))
    vectors = model.encode(lines, normalize_embeddings=True, show_progress_bar=False)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(folder / "lines.faiss"))
    (folder / "lines.json").write_text(json.dumps(lines))


def query_dense(folder: Path, question: str) -> None:
    import faiss
    from sentence_transformers import SentenceTransformer

    from indexer.encoding.packaged import RECIPES, packaged_folder

    model = SentenceTransformer(str(packaged_folder(RECIPES["all-MiniLM-L6-v2"])))
    index = faiss.read_index(str(folder / "lines.faiss"))
    lines = json.loads((folder / "lines.json").read_text())
    _, found = index.search(model.encode([question], normalize_embeddings=True), 10)
    print(*(lines[i] for i in found[0]), sep="\n")


def build_words(folder: Path, notes: Path) -> None:
    with sqlite3.connect(folder / "lines.db") as connection:
        connection.execute("CREATE VIRTUAL TABLE line USING fts5 (text, tokenize = 'porter')")
        rows = [(line,) for line in lines_of(notes)]
        connection.executemany("INSERT INTO line VALUES (?)", rows)


def query_words(folder: Path, question: str) -> None:
    words = " OR ".join(f'"{word}"' for word in question.split() if any(map(str.isalnum, word)))
    sql = "SELECT text FROM line WHERE line MATCH ? ORDER BY rank LIMIT 10"
    with sqlite3.connect(folder / "lines.db") as connection:
        print(*(row[0] for row in connection.execute(sql, (words.replace("?", ""),))), sep="\n")


def main() -> None:
    action, kind, folder, notes, *question = sys.argv[1:]
    if action == "build":
        {"dense": build_dense, "words": build_words}[kind](Path(folder), Path(notes))
    else:
        {"dense": query_dense, "words": query_words}[kind](Path(folder), question[0])


if __name__ == "__main__":
    main()
