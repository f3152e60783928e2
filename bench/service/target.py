"""A service to be measured, in a process: ``python -m bench.service.target DB PORT KEY``.

With a fourth argument "hash" texts are embedded by hashing, which costs nothing, so that the
service is measured without the model.
"""

from __future__ import annotations

import sys
from pathlib import Path

from context_manager import ContextManager
from context_manager.service import Service, ServiceSettings, server
from context_manager.service.serving import listen, run
from context_manager.service.settings import Limits
from context_manager.testing.embedders import HashEmbedder


def main(db: str, port: str, key: str, embedder: str = "packaged") -> None:
    """Serve until a signal comes."""
    root = ContextManager.open(Path(db))
    if embedder == "hash":
        root.embedding_provider = HashEmbedder()
    limits = Limits(rate="", concurrency=1000, total=1000)
    service = Service(root, ServiceSettings(api_key=key, limits=limits, drain_seconds=5))
    host = "127.0.0.1"
    run(server(service, host, int(port)), listen(host, int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
