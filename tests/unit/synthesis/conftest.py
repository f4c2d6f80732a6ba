"""Two small regions, the same people with and without what registers get wrong, simulated once a test run."""

import pytest

from tests.unit.synthesis.regions import CLEAN, USUAL, Region, shared_region


@pytest.fixture(scope="session")
def region(tmp_path_factory) -> Region:
    """4,000 people over ten years, as registers are."""
    return shared_region(tmp_path_factory, "usual", **USUAL)


@pytest.fixture(scope="session")
def clean_region(tmp_path_factory) -> Region:
    """The same people without any quirk."""
    return shared_region(tmp_path_factory, "clean", **CLEAN)
