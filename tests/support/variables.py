"""The environment variables that the program reads, for what is deployed to be checked against."""

from __future__ import annotations

from context_manager.cli.commands.serving import MODEL_VARIABLES, VECTOR_STORE_VARIABLE
from context_manager.cli.invocation import DB_VARIABLE, REDIS_VARIABLE
from context_manager.service.settings import PREFIX, VARIABLES


def known_variables() -> set[str]:
    """Every one whose name is ours."""
    ours = {f"{PREFIX}{name}" for name in (*MODEL_VARIABLES, "BACKGROUND")}
    return {
        DB_VARIABLE,
        REDIS_VARIABLE,
        VECTOR_STORE_VARIABLE,
        *ours,
        *(PREFIX + item.name for item in VARIABLES),
    }
