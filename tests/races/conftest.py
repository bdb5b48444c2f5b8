"""How often each race is run: a few rounds with every change, twenty in `make test-all`."""

import pytest


@pytest.fixture(params=[pytest.param(3, id="3-rounds"), pytest.param(20, id="20-rounds", marks=pytest.mark.slow)])
def rounds(request: pytest.FixtureRequest) -> range:
    return range(request.param)
