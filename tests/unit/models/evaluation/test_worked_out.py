"""Nothing of 1 to 4 people can be worked out by holding the tables of a report against each other.

Everything a report tells of is taken as the set of rows it is of; then all differences of sets that lie in each other
are formed, and what is left of a level when the levels shown within it are taken away, whichever factors they are of.
"""

import numpy as np
import pytest

from models.evaluation import evaluate

SEEDS = [*range(6), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(6, 30))]

GEOGRAPHY = ("part", "hospital", "municipality")


def labelled(seed, n=None):
    """A table whose municipalities lie in catchments and these in parts; small ones among them, and one of its own."""
    rng = np.random.default_rng(seed)
    n = n or int(rng.integers(150, 1500))
    share = rng.dirichlet(np.full(14, 0.8))
    municipality = rng.choice(14, n, p=share)
    hospital = np.array([0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 5])[municipality]
    part = np.array([0, 0, 1, 1, 2, 2])[hospital]
    line = rng.normal(-1.6, 1.1, n)
    risk = 1 / (1 + np.exp(-line))
    risk = risk.round(2) if seed % 3 == 0 else risk
    groups = {"municipality": municipality, "sex": rng.choice(2, n), "part": part, "hospital": hospital}
    groups |= {"everybody": np.zeros(n, dtype=int), "rare": (rng.random(n) < 0.02).astype(int)}
    groups = {name: np.array([f"{name} {code}" for code in codes]) for name, codes in groups.items()}
    return (rng.random(n) < 1 / (1 + np.exp(-line))).astype(float), risk, groups


def cuts_of(report):
    """Return the lowest risk above each cut that is told of: agreed, capacity, the curve."""
    found = [(one["threshold"], one["flagged"]) for one in report["decision_curve"]["agreed"]]
    found += [(one["cut"], one["flagged"]) for one in report["capacity"]]
    curve = report["decision_curve"]
    found += zip(curve["threshold"], curve["model"]["value"], strict=True)
    return [cut for cut, value in found if value is not None]


def sets_of(report, y, risk):
    """Return the rows of everything that cuts all people by their risk."""
    found = [np.ones(len(y), dtype=bool), *(risk >= cut for cut in cuts_of(report))]
    ordered = np.sort(risk)
    highest = ordered[np.ceil(np.arange(1, 11) / 10 * len(y) - 1e-9).astype(int) - 1]
    highest = np.unique(highest)
    assert len(highest) == len(report["deciles"])
    for one, low, high in zip(report["deciles"], [-1, *highest], highest, strict=False):
        if not one["suppressed"]:
            found.append((risk > low) & (risk <= high))
            assert found[-1].sum() == one["n"]
    if report["roc"]:
        edges = np.unique(np.append(risk, 2.0))
        rates = np.array([[np.mean((risk >= cut)[y == outcome]) for outcome in (0, 1)] for cut in edges])
        for point in zip(report["roc"]["false_positive"], report["roc"]["true_positive"], strict=True):
            found.append(risk >= edges[np.argmin(np.abs(rates - point).sum(axis=1))])
        for one in report["distribution"]:
            found.append((risk >= one["from"]) & ((risk < one["to"]) | (one["to"] == 1)))
    return found


def levels_of(report, groups):
    """Return the rows of every level shown, by (factor, level)."""
    return {
        (factor, level): groups[factor] == level
        for factor, levels in report["subgroups"].items()
        for level, one in levels.items()
        if one["n"]
    }


def levels_at_cuts(report, groups, risk):
    """Return for each cut the rows above it: of everybody, and of each level told of there, by (factor, level)."""
    told = [(one["threshold"], "net_benefit", str(one["threshold"])) for one in report["decision_curve"]["agreed"]]
    told += [(one["cut"], "false_negatives", str(one["share"])) for one in report["capacity"]]
    found = []
    for cut, key, name in told:
        here = {
            (factor, level): (groups[factor] == level) & (risk >= cut)
            for factor, levels in report["subgroups"].items()
            for level, one in levels.items()
            if one[key][name]["value"] is not None
        }
        if cut is not None:
            found.append((cut, here))
    return found


def too_few(which, y, person=None):
    """Return whether 1 to 4 people have these rows, with the event or without; without `person` each row is one."""
    kinds = which, which & (y == 1), which & (y == 0)
    return any(0 < (kind.sum() if person is None else len(set(person[kind]))) < 5 for kind in kinds)


def differences(sets):
    """Return the differences of all sets that lie in each other."""
    rows = np.array(sets)
    both = rows.astype(np.int64) @ rows.T.astype(np.int64)
    size = np.diag(both)
    return [rows[a] & ~rows[b] for a, b in np.argwhere((both == size) & (size[None] < size[:, None]))]


def leftovers(levels, groups, within):
    """Return what is left of each level, and of everybody, when the levels shown in it are taken away."""
    of = {("", ""): np.ones(len(within), dtype=bool), **{key: groups[key[0]] == key[1] for key in levels}}
    for key, whole in of.items():
        inside = [(name, rows) for (name, _), rows in of.items() if (rows <= whole).all() and (rows != whole).any()]
        for names in (GEOGRAPHY, *((name,) for name in groups)):
            taken = [rows for name, rows in inside if name in names]
            if taken:
                yield key, whole & ~np.any(taken, axis=0) & within


@pytest.mark.parametrize("seed", SEEDS)
def test_no_difference_of_cuts_by_risk_is_of_1_to_4(seed):
    y, risk, _ = labelled(seed)
    report = evaluate(y, risk, bootstraps=20)
    sets = sets_of(report, y, risk)
    assert len(sets) > 10
    assert not [one for one in [*sets, *differences(sets)] if too_few(one, y)]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_difference_of_levels_is_of_1_to_4(seed):
    y, risk, groups = labelled(seed)
    report = evaluate(y, risk, groups=groups, bootstraps=20)
    levels = levels_of(report, groups)
    sets = [np.ones(len(y), dtype=bool), *levels.values()]
    assert not [one for one in [*sets, *differences(sets)] if too_few(one, y)]
    everyone = np.ones(len(y), dtype=bool)
    assert not [key for key, left in leftovers(levels, groups, everyone) if too_few(left, y)]


@pytest.mark.parametrize("seed", SEEDS)
def test_of_people_with_several_rows_too_no_difference_is_of_1_to_4(seed):
    y, risk, groups = labelled(seed)
    person = np.random.default_rng(seed).integers(0, len(y) // 4, len(y))
    report = evaluate(y, risk, person=person, groups=groups, bootstraps=20)
    levels = levels_of(report, groups)
    everyone = np.ones(len(y), dtype=bool)
    sets = [*levels.values(), *sets_of(report, y, risk)]
    left = [one for _, one in leftovers(levels, groups, everyone)]
    assert not [one for one in [*sets, *differences(sets_of(report, y, risk)), *left] if too_few(one, y, person)]
    assert len(levels) > 8 or len(y) < 400, "and not all is hidden"


@pytest.mark.parametrize("seed", SEEDS)
def test_no_difference_of_levels_at_cuts_is_of_1_to_4(seed):
    y, risk, groups = labelled(seed)
    report = evaluate(y, risk, groups=groups, bootstraps=20, capacity=(0.05, 0.1, 0.2, 0.35))
    shown = {(one["threshold"]): one["flagged"] for one in report["decision_curve"]["agreed"]}
    for cut, levels in levels_at_cuts(report, groups, risk):
        assert not levels or shown.get(cut, 1) is not None, "nothing of a level where nothing is told of everybody"
        above = risk >= cut
        for within in (above, ~above):
            assert not [key for key, left in leftovers(levels, groups, within) if too_few(left, y)]
    whole = levels_of(report, groups)
    told = [(key, cut) for cut, levels in levels_at_cuts(report, groups, risk) for key in levels]
    for outer, cut in told:
        for inner, other in told:
            if (whole[inner] <= whole[outer]).all():
                kinds = [(risk >= cut, risk >= other)] * (cut <= other) + [(risk < cut, risk < other)] * (cut >= other)
                for one, its in kinds:
                    assert not too_few(whole[outer] & one & ~(whole[inner] & its), y), (outer, cut, inner, other)


def test_a_catchment_less_its_municipalities_is_not_told():
    """Two small municipalities are hidden; the hospital they share with two others may not give their sum away."""
    events = {"Odder": (2, 12), "Hedensted": (1, 11), "Horsens": (11, 25), "Skanderborg": (6, 23)}
    events |= {"Aarhus": (25, 112), "Randers": (8, 40), "Viborg": (12, 60), "Skive": (9, 30)}
    place = np.repeat([*events], [sum(pair) for pair in events.values()])
    y = np.concatenate([np.repeat([1.0, 0.0], pair) for pair in events.values()])
    hospital = np.array([{"Aarhus": "A", "Randers": "B", "Viborg": "C", "Skive": "C"}.get(one, "H") for one in place])
    risk = np.random.default_rng(0).uniform(0.05, 0.5, len(y))
    told = evaluate(y, risk, groups={"place": place, "hospital": hospital}, bootstraps=20)["subgroups"]
    assert {name: one["n"] for name, one in told["hospital"].items()} == {"A": 137, "B": 48, "C": 111, "H": 91}
    hidden = {name for name, one in told["place"].items() if one["suppressed"]}
    assert hidden == {"Odder", "Hedensted", "Skanderborg"}, "the smallest of the others goes with them, and no more"


def test_a_place_for_one_in_ten_is_the_highest_tenth():
    """Where a cut near an agreed threshold is hidden, so is the tenth that ends there, and the one below it."""
    risk = np.linspace(0.01, 0.6, 500)
    y = (np.arange(500) % 4 == 0).astype(float)
    near = float(risk[450 - 12])  # 12 rows below the highest tenth, 3 with the event
    report = evaluate(y, risk, thresholds=(near,), capacity=(0.1,), bootstraps=20)
    assert report["decision_curve"]["agreed"][0]["flagged"] == 62 / 500
    assert report["capacity"][0]["cut"] is None
    assert [one["suppressed"] for one in report["deciles"]] == [False] * 8 + [True] * 2
