"""`python -m context_manager` is the same program as `context-manager`."""

from context_manager.cli import start

if __name__ == "__main__":
    start()
