"""How many people and events a prediction model needs, by Riley's three criteria for a binary outcome.

Source: Riley et al., Statistics in Medicine 2019;38:1276 (part II), as in the R package pmsampsize: (1) shrinkage of at
least .9; (2) at most .05 between apparent and adjusted Nagelkerke R²; (3) the overall risk within .05. The R² that the
model is expected to reach is given as Nagelkerke's, .15 where nothing is known.
"""

from __future__ import annotations

import math

SHRINKAGE, OPTIMISM, MARGIN = 0.9, 0.05, 0.05
NAGELKERKE = 0.15


def rows_needed(parameters: int, prevalence: float, nagelkerke: float = NAGELKERKE) -> int:
    """Return how many rows a model of so many parameters needs; raises ValueError for a prevalence of 0 or 1.

    >>> rows_needed(parameters=24, prevalence=0.174, nagelkerke=0.288 / 0.6033)
    662
    """
    if not 0 < prevalence < 1 or parameters < 1:
        raise ValueError(f"needs a prevalence between 0 and 1 and a parameter, got {prevalence} and {parameters}")
    log_null = prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)
    most = 1 - math.exp(2 * log_null)  # of Cox-Snell's R²
    r2 = nagelkerke * most
    by_shrinkage = parameters / ((SHRINKAGE - 1) * math.log(1 - r2 / SHRINKAGE))
    small = r2 / (r2 + OPTIMISM * most)
    by_optimism = parameters / ((small - 1) * math.log(1 - r2 / small))
    by_margin = (1.96 / MARGIN) ** 2 * prevalence * (1 - prevalence)
    return math.ceil(max(by_shrinkage, by_optimism, by_margin))
