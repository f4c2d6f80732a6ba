"""Small random registries, as hypothesis draws them, and the families whose columns are made of them."""

from dataclasses import dataclass

from hypothesis import strategies as st

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import FeatureFamily
from stratify.features.columns import columns
from tests.property.test_kernel import DAY, ages, delays, ends, values

DELIVERED = DAY + 30  # 14 May 2019
LANDMARKS = [DAY, DAY + 30, DAY + 31, DAY + 365]
WINDOWS = [30, 365, 1825, [30, 365], [364, 400]]
NAME = {"da": "navn", "en": "name"}
OF_EVENTS = ["count", "any", "days_since", "first_seen", "rate", "trend"]
OF_VALUES = ["sum", "mean", "min", "max", "last", "first", "slope"]


def family(key, domain, groups, aggregates, *, apart=True, empty=0, never="missing", **told):
    """A family of every window: nested, and without `distinct` also apart. `empty`, `never`: two of the fallbacks."""
    fallback = dict.fromkeys(aggregates, "missing") | {"count": empty, "days_since": never, "any": 0, "days_within": 0}
    fallback = {name: fallback[name] for name in aggregates}
    examples = [
        {"why": "once", "events": [["g0", -10, -9, 1]], "column": f"{key}_g0_count_30", "expect": 1},
        {"why": "never", "column": f"{key}_g0_count_30", "expect": empty},
    ]
    return FeatureFamily.model_validate(
        {
            "id": key, "name": NAME, "source": "made up", "provenance": "OURS", "rationale": "made up for a test",
            "clinical_group": NAME, "domain": domain, "role": "predictor", "example": examples,
            "group": [{"id": f"g{n}", "name": NAME, **chosen} for n, chosen in enumerate(groups)],
            "aggregates": aggregates, "windows": WINDOWS if apart else WINDOWS[:3],
            "trends": [[30, 365]] if "trend" in aggregates else [], "fallback": fallback, **told,
        }
    )  # fmt: skip


CODED = [{}, {"codes": ["A"]}, {"codes": ["AB", "C"]}]  # an event may belong to several
ACUTE = [{}, {"where": {"acute": True}}, {"where": {"acute": False, "care": "psychiatric"}}]
FAMILIES = {
    of.id: of
    for of in (
        family("drug", "drug", CODED, [*OF_EVENTS, *OF_VALUES, "distinct"], apart=False),
        family("lab", "lab", CODED, [*OF_EVENTS, *OF_VALUES], empty="missing", never=1826),
        family("stay", "stay", ACUTE, [*OF_EVENTS, "days_within"]),
        family("left", "stay", ACUTE, [*OF_EVENTS, *OF_VALUES], at="end"),
        family("contact", "contact", ACUTE, OF_EVENTS),
        family("diagnosis", "diagnosis", [*CODED, {"codes": ["A"], "where": {"kind": "A"}}], OF_EVENTS),
    )
}
KINDS = ("conditions", "indices", "outcomes", "strata", "offers", "targets")
CATALOGUE = Catalogue({**{kind: {} for kind in KINDS}, "features": FAMILIES})
COLUMNS = columns(CATALOGUE)

# --- drawn -----------------------------------------------------------------------------------------------------------

codes = st.sampled_from(["A1", "AB1", "AB2", "B", "C"])
cares = st.sampled_from(["somatic", "psychiatric", None])
OWN = {
    "drug": {"code": codes, "ddd": values},
    "lab": {"code": codes, "value": values},
    "stay": {"acute": st.booleans(), "care": cares, "end": ends, "hours": st.one_of(st.none(), st.integers(0, 96))},
    "contact": {"acute": st.booleans(), "care": cares},
    "diagnosis": {"code": codes, "kind": st.sampled_from(["A", "B", None]), "refuted": st.booleans()},
}


def event(domain):
    told = {"person": st.integers(0, 3), "age": ages, "late": delays, **OWN[domain]}
    return st.fixed_dictionaries(told).map(lambda of: placed(of))


def placed(of):
    """The event with its days: `known` may break the order of `day`, and even come before it."""
    day = DAY - of.pop("age")
    of |= {"day": day, "known": day + of.pop("late")}
    if "end" in of:
        stayed = of.pop("end")
        of |= dict.fromkeys(("end_day", "end_known")) if stayed is None else {
            "end_day": day + stayed[0], "end_known": day + sum(stayed)
        }  # fmt: skip
    return of


ALWAYS, MOVED_IN, LEFT, BACK, NEVER = [(-3000, None)], [(1, None)], [(-3000, 30)], [(-3000, -40), (31, 400)], []
TOUCHING, WITHIN = [(-3000, 0), (0, 31)], [(-3000, 365), (-40, 1)]
STRETCHES = [ALWAYS, MOVED_IN, LEFT, BACK, NEVER, TOUCHING, WITHIN]  # of residence, in days from the first landmark
DEATHS = [None, -1, 0, 31, 500]
LIVES = [{"lived": ALWAYS, "death": None}, *({"lived": a, "death": b} for a in STRETCHES for b in DEATHS)]
lives = st.one_of(st.just(LIVES[0]), st.sampled_from(LIVES))


@dataclass(frozen=True)
class Registry:
    """Events by domain, those of an undelivered domain left out, and the lives of the people they are of."""

    events: dict[str, list[dict]]
    lives: list[dict]

    def of(self, person):
        """The same with everybody else gone."""
        alone = {name: [e for e in rows if e["person"] == person] for name, rows in self.events.items()}
        blank = {"lived": None, "death": None}
        return Registry(alone, [life if n == person else blank for n, life in enumerate(self.lives)])

    def reversed(self):
        """The same delivered in another order."""
        return Registry({name: rows[::-1] for name, rows in self.events.items()}, self.lives)


registries = st.builds(
    Registry,
    st.lists(st.sampled_from(list(OWN)), min_size=1, max_size=2, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: st.lists(event(name), max_size=10) for name in names})
    ),
    st.lists(lives, min_size=4, max_size=5),  # the fifth never has an event
)
