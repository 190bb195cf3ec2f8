"""The tables of the server store: one schema of a database for each notes folder.

Rows hold records in the same form as in the embedded store. Values of unlimited length (paths,
tags, keys of links) are not in a B-tree, because its entries are limited to 2,704 bytes.
"""

from __future__ import annotations

import hashlib
import re

# The n-th step upgrades a schema from format n to n + 1. Never change a released step.
STEPS = (
    """
    CREATE TABLE header (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        format integer NOT NULL, generation bigint NOT NULL DEFAULT 0,
        era integer NOT NULL DEFAULT 0,
        encoder text, model text, dimension integer, chunking text,
        engine text NOT NULL DEFAULT '',
        notes bigint NOT NULL DEFAULT 0, points bigint NOT NULL DEFAULT 0,
        tokens bigint NOT NULL DEFAULT 0
    );
    INSERT INTO header (format) VALUES (0);
    CREATE SEQUENCE identity;
    CREATE TABLE note (
        id bigint PRIMARY KEY,
        path text COLLATE "C" NOT NULL, EXCLUDE USING hash (path WITH =),
        content_hash bytea, size bigint, mtime_ns bigint, ctime_ns bigint, inode bigint,
        outcome text NOT NULL, warnings text NOT NULL,
        title text NOT NULL, date text COLLATE "C",
        tags text NOT NULL, categories text NOT NULL, aliases text NOT NULL,
        published text NOT NULL,
        checksum bigint NOT NULL
    );
    CREATE TABLE label (note bigint NOT NULL, kind text NOT NULL, value text COLLATE "C" NOT NULL);
    CREATE INDEX label_note ON label (note);
    CREATE INDEX label_value ON label USING hash (lower(value));
    CREATE TABLE name (note bigint NOT NULL, key bytea NOT NULL);
    CREATE INDEX name_note ON name (note);
    CREATE INDEX name_key ON name (key);
    CREATE TABLE anchor (note bigint NOT NULL, anchor text NOT NULL, line integer NOT NULL);
    CREATE INDEX anchor_note ON anchor (note);
    CREATE TABLE point (
        id bigint PRIMARY KEY,
        note bigint NOT NULL, era integer NOT NULL,
        ordinal integer NOT NULL, kind text NOT NULL, lead_in smallint NOT NULL,
        line_start integer NOT NULL, line_end integer NOT NULL,
        text text NOT NULL, heading_path text NOT NULL, parents text NOT NULL,
        checksum bigint NOT NULL,
        length integer NOT NULL, words tsvector NOT NULL
    ) WITH (fillfactor = 90);  -- room to move a point to another line without touching an index
    CREATE INDEX point_note ON point (note);
    CREATE TABLE embedding (
        point bigint PRIMARY KEY,
        note bigint NOT NULL, era integer NOT NULL,
        key bytea NOT NULL, value halfvec NOT NULL, checksum bigint NOT NULL,
        pieces bytea NOT NULL, pieces_checksum bigint NOT NULL
    );
    -- Vectors are compared, word pieces only fetched: those move out of a row that is too long.
    ALTER TABLE embedding ALTER value SET STORAGE main, ALTER pieces SET STORAGE external;
    CREATE INDEX embedding_note ON embedding (note);
    CREATE INDEX embedding_key ON embedding USING hash (key);
    CREATE TABLE spare (
        key bytea PRIMARY KEY, value halfvec NOT NULL, checksum bigint NOT NULL,
        pieces bytea NOT NULL, pieces_checksum bigint NOT NULL
    );
    ALTER TABLE spare ALTER pieces SET STORAGE external;
    CREATE TABLE term (term text COLLATE "C" PRIMARY KEY, points bigint NOT NULL);
    CREATE TABLE link (
        id bigint PRIMARY KEY, note bigint NOT NULL, point bigint,
        line integer NOT NULL, text text NOT NULL, target text NOT NULL,
        wiki smallint NOT NULL, raw_mend text, key bytea NOT NULL,
        kind text, reached bigint, reached_line integer, ok smallint, mend text
    );
    CREATE INDEX link_note ON link (note);
    CREATE INDEX link_point ON link (point);
    CREATE INDEX link_key ON link (key);
    CREATE INDEX link_reached ON link (reached);
    CREATE INDEX link_open ON link (id) WHERE ok IS NULL;
    """,
    "ALTER TABLE header ADD COLUMN chance double precision, ADD COLUMN chance_of bigint",
    "ALTER TABLE header ADD COLUMN chance_trace bytea",
    # The build that applies this step reads all notes again, which fills both columns.
    """
    DELETE FROM label;
    DROP INDEX label_value;
    ALTER TABLE label ADD COLUMN folded text COLLATE "C" NOT NULL;
    CREATE INDEX label_folded ON label USING hash (folded);
    ALTER TABLE note ADD COLUMN properties text NOT NULL DEFAULT '[]';
    UPDATE header SET chunking = '';
    """,
    """
    ALTER TABLE link ADD COLUMN missing text;
    ALTER TABLE header ADD COLUMN files text NOT NULL DEFAULT '';
    UPDATE header SET chunking = '';
    """,
)
TABLES = ("label", "name", "anchor", "embedding", "point", "link", "note", "term")
"""The tables whose rows come from notes."""

# PostgreSQL accepts neither NUL nor lone surrogates in a text. YAML can contain both, and Python
# decodes a path that is not UTF-8 with lone surrogates. This character is unassigned in Unicode.
_ESCAPE = "\ufdd0"
_HOSTILE = re.compile(f"[\x00\ud800-\udfff{_ESCAPE}]")
_ESCAPED = re.compile(f"{_ESCAPE}([0-9a-f]{{4}})")
# Limits of PostgreSQL: bytes of a lexeme (2,046) and positions of a lexeme in a text.
_MAX_LEXEME_CHARS = 500
_MAX_PLACES = 255


def escape_text(text: str) -> str:
    """Return a text escaped for PostgreSQL."""
    return _HOSTILE.sub(lambda found: f"{_ESCAPE}{ord(found.group()):04x}", text)


def unescape_text(text: str) -> str:
    """Return a text as it was before ``escape_text``."""
    if _ESCAPE not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text)


def digest(key: str) -> bytes:
    """Return a short hash of a key that is used only in comparisons."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def lexeme(term: str) -> str:
    """Return a term as it is stored in a ``tsvector``."""
    return term[:_MAX_LEXEME_CHARS]


def quote_lexeme(term: str) -> str:
    """Return a term as it is written in a ``tsvector`` or ``tsquery``."""
    return "'" + lexeme(term).replace("\\", "\\\\").replace("'", "''") + "'"


def words_to_row(own: list[str], context: list[str]) -> str:
    """Return the terms of a point as a ``tsvector``: its own get weight A, its context's D.

    Positions only count occurrences; there are no phrase queries.

    :param own: terms of its text, in any order, with repeats.
    :param context: terms of the headings and parents above it, with repeats.
    """
    counts: dict[str, list[int]] = {}
    for terms, column in ((own, 0), (context, 1)):
        for term in terms:
            counts.setdefault(term, [0, 0])[column] += 1
    parts = []
    for term, (inside, above) in counts.items():
        weights = ("A" * inside + "D" * above)[:_MAX_PLACES]
        places = ",".join(f"{place}{weight}" for place, weight in enumerate(weights, 1))
        parts.append(f"{quote_lexeme(term)}:{places}")
    return " ".join(parts)
