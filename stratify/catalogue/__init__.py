"""What is declared, not coded: conditions, indices, outcomes, features, strata, offers and targets.

One TOML file per entry, its name is the entry's id. `load()` reads the package's own entries (and a local folder on
top, when one is named), checks every one, and reports all problems at once.
"""

from stratify.catalogue.load import Catalogue, load

__all__ = ["Catalogue", "load"]
