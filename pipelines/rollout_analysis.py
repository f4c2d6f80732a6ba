"""What an offer did where its order was drawn by lot: those offered it beside those waiting, in the same period.

A stepped wedge is counted by unit and period and fitted with generalised estimating equations: Poisson with a log link,
so that the effect is a ratio of rates; the period as a fixed effect; the unit as the cluster, exchangeable. As units
are few, the standard errors are Mancl and DeRouen's (2001), and the interval is that of a t distribution with two
degrees of freedom less than there are units. A random order is fitted by a generalised linear model of the same family,
with period and stratum as fixed effects and each person's own rows as a cluster.

Who is offered something does not always take it: the effect is that of being offered it. It is taken to be there from
the first day and to stay as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from stratify.disclosure import SMALLEST_SHOWN
from stratify.errors import DataError

FEWEST_UNITS = 4  # OURS: below, no spread between units can be told
FEW_UNITS = 10  # OURS: below, the interval is rough


@dataclass(frozen=True)
class Effect:
    """The ratio of the rate among those offered to that among those waiting, with its 95 % interval."""

    ratio: float
    low: float
    high: float
    units: int  # municipalities, hospitals or people it rests on
    periods: int

    def line(self) -> str:
        """Return the effect in words."""
        told = f"rate ratio {self.ratio:.2f} ({self.low:.2f} to {self.high:.2f}), offered beside waiting"
        rough = "; so few units make the interval rough" if self.units < FEW_UNITS else ""
        return f"{told}; {self.units} units, {self.periods} periods{rough}"


def analyse(
    design: Literal["stepped_wedge", "random_order"],
    outcome: ArrayLike,
    exposed: ArrayLike,
    period: ArrayLike,
    unit: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    people: ArrayLike | None = None,
) -> Effect:
    """Return the effect of being offered something, from one row for each person or unit and period.

    outcome: 0 and 1, or a count; exposed: whether it was offered in the period; unit: the municipality or hospital of
    the first day in a stepped wedge, whoever moves; in a random order the person. stratum: of a random order, what
    the lot was drawn within. people: how many people, or years, a row counts for, above 0; 1 where it is not given.
    Raises DataError with every reason why the rows cannot tell.
    """
    import pandas as pd

    given = {"outcome": outcome, "exposed": exposed, "period": period, "unit": unit}
    given["stratum"] = np.zeros(np.shape(outcome)) if stratum is None else stratum
    given["people"] = np.ones(np.shape(outcome)) if people is None else people
    if len({np.shape(one) for one in given.values()}) != 1:
        raise ValueError("one value for each row is required of everything that is given")
    rows = pd.DataFrame({key: np.asarray(one) for key, one in given.items()})
    rows = rows.astype({"outcome": float, "exposed": float, "people": float})
    _refuse(_wrong(rows))
    if design == "stepped_wedge":
        rows = rows.groupby(["unit", "period"], as_index=False).agg(
            {"outcome": "sum", "people": "sum", "exposed": "mean"}
        )
    _refuse(_too_little(rows, design))
    kept = rows[rows.groupby("period")["outcome"].transform("sum") > 0]
    if design == "random_order":
        kept = kept[kept.groupby("stratum")["outcome"].transform("sum") > 0]
        kept = kept[kept.groupby("period")["exposed"].transform("nunique") > 1]
    units = kept["unit"].nunique()
    log, error, spread = _by_unit(kept, units) if design == "stepped_wedge" else _by_person(kept)
    ratio, low, high = (float(np.exp(log + sign * spread * error)) for sign in (0, -1, 1))
    return Effect(ratio, low, high, units, kept["period"].nunique())


def _by_unit(rows: Any, units: int) -> tuple[float, float, float]:
    """Return the effect's logarithm, its standard error, and how many of them the interval reaches to each side."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    from scipy import stats

    model = smf.gee(
        "outcome ~ exposed + C(period)", "unit", rows, family=sm.families.Poisson(), exposure=rows["people"],
        cov_struct=sm.cov_struct.Exchangeable(),
    )  # fmt: skip
    found = model.fit(cov_type="bias_reduced")
    return found.params["exposed"], found.bse["exposed"], stats.t.ppf(0.975, units - 2)


def _by_person(rows: Any) -> tuple[float, float, float]:
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    from scipy import stats

    model = smf.glm(
        "outcome ~ exposed + C(period) + C(stratum)", rows, family=sm.families.Poisson(), exposure=rows["people"]
    )
    found = model.fit(cov_type="cluster", cov_kwds={"groups": rows["unit"].astype("category").cat.codes})
    return found.params["exposed"], found.bse["exposed"], stats.norm.ppf(0.975)


def _wrong(rows: Any) -> list[str]:
    """Return what no row may be."""
    problems = []
    if rows.isna().any(axis=None):
        problems.append("a value is missing: a row whose outcome is not known is left out before, and counted")
    if (rows["outcome"] < 0).any():
        problems.append("outcome: 0 or more is required")
    if not rows["exposed"].isin([0, 1]).all():
        problems.append("exposed: yes or no is required")
    if not (rows["people"] > 0).all():
        problems.append("people: more than 0 is required in each row")
    return problems


def _too_little(rows: Any, design: str) -> list[str]:
    """Return why rows, one for each unit and period, can tell nothing of the effect."""
    problems = []
    if not rows["exposed"].isin([0, 1]).all():
        problems.append("some people of a unit were offered it in a period and others not: that is no stepped wedge")
    elif (rows.sort_values(["unit", "period"]).groupby("unit")["exposed"].diff() < 0).any():
        problems.append("a unit or person that was offered it is waiting again later: once offered is offered")
    if rows.duplicated(["unit", "period"]).any():
        problems.append("a person stands twice in a period")
    by_period = rows.groupby("period")["exposed"].nunique()
    if not (by_period > 1).any():
        problems.append("in no period were some offered it and others waiting")
    elif rows["unit"].nunique() < FEWEST_UNITS:
        problems.append(f"{FEWEST_UNITS} units or more are required, got {rows['unit'].nunique()}: too few to tell")
    compared = rows[rows["period"].isin(by_period.index[by_period > 1])] if design == "random_order" else rows
    counted = compared.groupby("exposed")["outcome"].sum()
    if (counted < SMALLEST_SHOWN).any():
        problems.append(
            f"fewer than {SMALLEST_SHOWN} outcomes among those offered it or those waiting: too few to tell"
        )
    return problems


def _refuse(problems: list[str]) -> None:
    if problems:
        raise DataError("What the offer did cannot be told from these rows:", problems)
