"""medicine.toml as arrays: per drug, per product and, for drugs bought now and then, per sex and age."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.calendar import day_number
from pipelines.synthesis.parameters import OLDEST, Parameters
from pipelines.synthesis.shapes_medicine import Acute, Drug, Points
from pipelines.synthesis.shapes_services import by_age
from pipelines.synthesis.streams import Floats

LONG_AGO = -(2**17)
_BY_DIGEST: dict[str, MedicineTables] = {}


@dataclass(frozen=True)
class MedicineTables:
    """Arrays over drugs (`users` and `ages`), over products, and over (sex, age) for what is bought now and then."""

    drugs: int
    first: NDArray[np.int64]  # per condition: where its drugs begin in `drug` and `share`; one more at the end
    drug: NDArray[np.int64]
    share: Floats
    by_age: NDArray[np.bool_]
    chance: Floats  # (drugs, ages)
    sex: NDArray[np.int8]
    everywhere: NDArray[np.bool_]
    since: NDArray[np.int64]
    from_age: NDArray[np.int64]
    fills: Floats
    uneven: Floats
    spell: Floats  # years, 0 where a drug is taken for good
    pause: Floats
    delay: float
    spread: float
    dosed: tuple[float, float]
    dosed_days: int
    dosed_uneven: float
    weekend: tuple[float, float]
    choices: Floats  # drug + cumulated share of each of its products, the main one last
    main: NDArray[np.int64]  # per product: the main product of its drug
    product_since: NDArray[np.int64]
    product_drug: NDArray[np.int64]
    atc: tuple[str, ...]
    vnr: tuple[str, ...]
    packsize: Floats
    strength: Floats
    volume: Floats
    indications: tuple[str, ...]  # per drug, then per drug bought now and then
    acute: int
    acute_first: int  # the product of the first of them
    acute_rate: Floats  # per (sex, age)
    acute_shares: Floats  # (sex, age) + cumulated share of each drug
    _standing: dict[int, NDArray[np.int64]] = field(default_factory=dict)

    def of(self, atc: str) -> NDArray[np.bool_]:
        """Return which drugs have a product whose ATC code begins so."""
        drugs = [drug for drug, code in zip(self.product_drug, self.atc, strict=False) if code.startswith(atc)]
        return np.isin(np.arange(self.drugs), drugs)

    def standing(self, year: int) -> NDArray[np.int64]:
        """Return per product what its users buy in a year: itself, or the main one while it has not come yet."""
        if year not in self._standing:
            own = np.arange(len(self.main))
            self._standing[year] = np.where(self.product_since <= year, own, self.main)
        return self._standing[year]


def medicine_tables(given: Parameters) -> MedicineTables:
    """Return the arrays of these parameters, made once."""
    if given.digest not in _BY_DIGEST:
        _BY_DIGEST[given.digest] = _tables(given)
    return _BY_DIGEST[given.digest]


def _tables(given: Parameters) -> MedicineTables:
    medicine = given.medicine
    drugs, acute, buying = medicine.drug, medicine.acute, medicine.buying
    reasons = [
        [(place, drug.users[name]) for place, drug in enumerate(drugs) if name in drug.users] for name in given.names
    ]
    products = [each for drug in drugs for each in (*drug.instead, drug)] + list(acute)
    mains = np.cumsum([len(drug.instead) + 1 for drug in drugs]) - 1
    shares = [_cumulated(drug) for drug in drugs]
    rates = np.stack([np.stack([_from(each, each.rate) * (each.sex in (0, sex)) for sex in (1, 2)]) for each in acute])
    rates = rates.reshape(len(acute), -1).T  # (sex and age, drug)
    whole = rates.sum(axis=1)
    parts = np.cumsum(rates, axis=1) / np.maximum(whole, 1e-12)[:, None]
    parts[:, -1] = 1.0
    return MedicineTables(
        drugs=len(drugs),
        first=np.concatenate([[0], np.cumsum([len(each) for each in reasons])]).astype(np.int64),
        drug=np.array([place for each in reasons for place, _ in each], np.int64),
        share=np.array([share for each in reasons for _, share in each]),
        by_age=np.array([bool(drug.ages) for drug in drugs]),
        chance=np.stack([_from(drug, drug.ages) if drug.ages else np.zeros(OLDEST + 1) for drug in drugs]),
        sex=np.array([drug.sex for drug in drugs], np.int8),
        everywhere=np.array([drug.everywhere for drug in drugs]),
        since=np.array([_day(drug.since) for drug in drugs], np.int64),
        from_age=np.array([drug.from_age for drug in drugs], np.int64),
        fills=np.array([drug.fills for drug in drugs]),
        uneven=np.array([drug.uneven for drug in drugs]),
        spell=np.array([drug.spell or 0.0 for drug in drugs]),
        pause=np.array([drug.pause or 0.0 for drug in drugs]),
        delay=buying.delay,
        spread=buying.spread,
        dosed=buying.dosed,
        dosed_days=buying.dosed_days,
        dosed_uneven=buying.dosed_uneven,
        weekend=buying.weekend,
        choices=np.concatenate([place + each for place, each in enumerate(shares)]),
        main=np.repeat(mains, [len(each) for each in shares]).astype(np.int64),
        product_since=np.array([since for drug in drugs for since in (*(i.since for i in drug.instead), 0)], np.int64),
        product_drug=np.repeat(np.arange(len(drugs)), [len(each) for each in shares]),
        atc=tuple(each.atc for each in products),
        vnr=tuple(f"{100_000 + 1_237 * place:06d}" for place in range(len(products))),
        packsize=np.array([each.packsize for each in products]),
        strength=np.array([each.strength for each in products]),
        volume=np.array([each.volume for each in products]),
        indications=(
            *(drug.indication or f"{10_000 + 7 * place:07d}" for place, drug in enumerate(drugs)),
            *(f"{20_000 + 7 * place:07d}" for place in range(len(acute))),
        ),
        acute=len(acute),
        acute_first=len(products) - len(acute),
        acute_rate=whole,
        acute_shares=(np.arange(len(whole))[:, None] + parts).ravel(),
    )


def _from(drug: Drug | Acute, curve: Points) -> Floats:
    """Return the curve's value at each age, 0 below the drug's lowest."""
    return by_age(curve) * (np.arange(OLDEST + 1) >= drug.from_age)


def _cumulated(drug: Drug) -> Floats:
    found: Floats = np.cumsum([*(each.share for each in drug.instead), 0.0])
    found[-1] = 1.0
    return found


def _day(since: int) -> int:
    return day_number(date(since, 1, 1)) if since else LONG_AGO
