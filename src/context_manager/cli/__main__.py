"""`python -m context_manager.cli` is the same program as `context-manager`."""

from context_manager.cli import main

main()
