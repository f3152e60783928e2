"""The promises of a store, a class for each kind; `StoreContract` gathers them."""

from __future__ import annotations

from pkgutil import iter_modules

import pytest

# So that a failed assertion shows the values it compared, as it does in a test module.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))
