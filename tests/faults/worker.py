"""The command line with the fake encoder: starts quickly, and gives the same vectors everywhere."""

from __future__ import annotations

from fakes import FakeEncoder

import indexer.encoding.encoder

indexer.encoding.encoder.open_encoder = lambda model, **_: FakeEncoder()

if __name__ == "__main__":
    from indexer.cli import main

    main()
