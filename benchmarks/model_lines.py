"""What was asked of the models and what was found, line by line, from the figures that `model_figures` gives."""

from dataclasses import dataclass

from scipy.stats import binom

SAME_AS_BEST, SAME_AS_STATES = 0.01, 0.02
BESIDE_TRUTH = 0.02
SAME_EVENTS = 0.02  # beyond it, the simulator counts other events than the outcome's definition does
TRUE_AREA = (0.76, 0.86)
TRUE_OE, TRUE_SLOPE = (0.9, 1.1), (0.85, 1.15)
SCORING_SECONDS, SAME_SCORE, SUMS_TO_ONE = 60.0, 1e-12, 1e-9


@dataclass(frozen=True)
class Line:
    """One thing that was asked, of one model or of all. holds None: nothing was asked of it."""

    kind: str
    of: str  # a subgroup, or ""
    model: str
    asked: str
    found: str
    holds: bool | None

    def __str__(self):
        told = {True: "holds", False: "MISSED", None: ""}[self.holds]
        what = f"{self.kind}, {self.of}" if self.of else self.kind
        return f"  {what:<40} {self.found}" + (f"  [{self.asked}] {told}" if self.asked else "")


def of_model(told):
    """Return the lines of one model."""
    model = f"{told['outcome']}/{told['population']}"
    found = []
    for make in (_true_risk, _years, _peers, _states, _truth, _oldest, _three):
        found += [Line(kind, of, model, *rest) for kind, of, *rest in make(told)]
    return found


def _true_risk(told):
    of = told.get("true_risk")
    if of is None:
        return
    true, without = of["true"], of["without"]
    low, high = TRUE_AREA
    gain = true["expected"] - without["expected"]
    yield (
        "true risk's AUROC", "", f"{low}-{high}",
        f"{true['expected']:.3f} expected, {true['auroc']:.3f} on what came", low <= true["expected"] <= high,
    )  # fmt: skip
    yield (
        "without what is hidden", of["hidden"], f"≥ {BESIDE_TRUTH} below it",
        f"{without['expected']:.3f}, {gain:.3f} below", gain >= BESIDE_TRUTH,
    )  # fmt: skip


def _years(told):
    for part, one in told.get("years", {}).items():
        yield (
            "true risk", f"{part} rows", "",
            f"{one['truth']:.4f}; truly came to {one['truly_came']:.4f}, by the outcome's definition to"
            f" {one['came']:.4f}; n {one['n']:,}",
            None,
        )  # fmt: skip


def _peers(told):
    own = told["candidates"][told["served"]]["auroc"]
    first = max(told["peers"].values(), key=lambda one: one["auroc"])
    best = first["auroc"]
    each = ", ".join(f"{name} {one['auroc']:.4f} ({one['rounds']})" for name, one in told["peers"].items())
    ours = ", ".join(f"{name} {one['auroc']:.4f}" for name, one in told["candidates"].items())
    yield (
        "beside other trees", "", f"within {SAME_AS_BEST} of the best",
        f"served {told['served']}; {ours}; {each}; {best - own:+.4f}, DeLong p {first['p']:.2g}",
        best - own <= SAME_AS_BEST,
    )  # fmt: skip


def _states(told):
    of = told.get("true_states")
    if of is None:
        return
    behind = of["all"]["states"]["auroc"] - of["all"]["served"]["auroc"]
    yield (
        "beside the true states",
        "",
        f"within {SAME_AS_STATES}",
        _behind(of["all"], "states"),
        behind <= SAME_AS_STATES,
    )
    yield "beside these and what is hidden", "", "", _behind(of["all"], "hidden"), None
    for name in ("psychiatric-somatic", "others"):
        if name in of and told["population"] != "psychiatric_somatic":
            yield "beside the true states", name, "", f"{_behind(of[name], 'states')}; n {of[name]['n']:,}", None
    for one in of["groups"]:
        yield (
            "true O/E over that of all", one["group"], "",
            f"served {one['served']:.3f}; told every condition {one['states']:.3f}, and what is hidden too"
            f" {one['hidden']:.3f}",
            None,
        )  # fmt: skip


def _behind(of, kind):
    told = of[kind], of["served"]
    each = (
        f"{served:.4f} of {best:.4f}, {best - served:.4f} below"
        for best, served in ((told[0][name], told[1][name]) for name in ("auroc", "expected"))
    )
    return "; expected ".join(each)


def _truth(told):
    for one in told.get("against_truth", []):
        where = "" if one["group"] == "all" else " in subgroups"
        yield (
            f"ICI{where}", one["group"], f"≤ {one['allowed']:.4f}",
            f"{one['ici']:.4f} of mean risk {one['mean_risk']:.4f}, n {one['n']:,}, events {one['events']:,}",
            one["ici"] <= one["allowed"],
        )  # fmt: skip
        yield (
            f"true O/E{where}", one["group"], "{}-{}".format(*TRUE_OE), f"{one['oe']:.3f}",
            TRUE_OE[0] <= one["oe"] <= TRUE_OE[1],
        )  # fmt: skip
        yield (
            f"true slope{where}", one["group"], "{}-{}".format(*TRUE_SLOPE), f"{one['slope']:.3f}",
            TRUE_SLOPE[0] <= one["slope"] <= TRUE_SLOPE[1],
        )  # fmt: skip
        if abs(told["defined"] - 1) > SAME_EVENTS:
            other = one["by_definition"]
            yield (
                f"by the definition{where}", one["group"], "",
                f"the truth times {told['defined']:.3f}: ICI {other['ici']:.4f}, O/E {other['oe']:.3f}", None,
            )  # fmt: skip
        share = f"{one['found_at_top']:.3f} of the truly highest 5 % found among as many places"
        yield f"capacity{where}", one["group"], "", share, None


def _oldest(told):
    for one in told["drop_the_dead"].get("frail", []):
        off = {name: one[name] / one["truth"] - 1 for name in ("without_the_dead", "logistic", "served")}
        yield (
            "the dead dropped", one["group"], "",
            f"true {one['truth']:.4f}; dropped {one['without_the_dead']:.4f} ({off['without_the_dead']:+.1%}), kept"
            f" {one['logistic']:.4f} ({off['logistic']:+.1%}), served {one['served']:.4f} ({off['served']:+.1%});"
            f" died first {one['died_first']:.3f}, n {one['n']:,}",
            None,
        )  # fmt: skip
    for one in told["drop_the_dead"]["report"]:
        yield (
            "observed", one["group"], "",
            f"{one['observed']:.4f}, without the dead {one['without_the_dead']:.4f}, served {one['expected']:.4f}",
            None,
        )  # fmt: skip


def _three(told):
    of = told["three_state"]
    if of is None:
        return
    off = of["sum_off_by"]
    yield "three shares' sum", "", f"1 to {SUMS_TO_ONE:g}", f"off by {off:.1e}", off <= SUMS_TO_ONE
    pairs = (("event", "observed_event"), ("died_first", "observed_death"))
    known = [(one[share], one[came]) for one in of["tenths"] if one for share, came in pairs]
    known = [(share, came) for share, came in known if came["low"] is not None]
    if not known:
        return
    outside = sum(not came["low"] <= share <= came["high"] for share, came in known)
    most = chance_of_outside(len(known))
    yield (
        "three shares by tenth", "", f"≤ {most} outside the 95 % interval, as chance leaves",
        f"{len(known) - outside} of {len(known)} within Aalen-Johansen's", outside <= most,
    )  # fmt: skip


def chance_of_outside(count):
    """Return how many of so many 95 % intervals may miss by chance, but for one time in a hundred."""
    return int(binom.ppf(0.99, count, 0.05))


def of_scoring(told):
    """Return the lines of scoring, and of bundle against MLflow."""
    asked = f"≤ {SCORING_SECONDS:g} s"
    three = told["of_300"]
    found = [
        Line("scoring 1.3 million", "", three["key"], asked,
             f"300 trees of {three['leaves']} leaves: {_cost(three)}", three["seconds"] <= SCORING_SECONDS)
    ]  # fmt: skip
    for key, one in told["models"].items():
        trees = f", {one['trees']} trees" if one["trees"] else ""
        found.append(Line("scoring", key, key, "", f"{one['kind']}{trees}: {_cost(one)}", None))
    whole = {name: sum(one[name] for one in told["models"].values()) for name in ("seconds", "cpu_seconds")}
    found.append(Line("scoring", "the whole set", "all", "", f"{len(told['models'])} models: {_cost(whole)}", None))
    found.append(Line("reading their matrix", "", "all", "", f"{_cost(told['reading'])}, drawn out", None))
    worst = max(told["mlflow"]["differences"].values())
    found.append(
        Line("bundle = MLflow's score", "", "all", f"to {SAME_SCORE:g}",
             f"differ by at most {worst:.1e} on {told['mlflow']['rows']:,} rows of each model", worst <= SAME_SCORE)
    )  # fmt: skip
    return found


def _cost(one):
    return f"{one['seconds']:.1f} s, {one['cpu_seconds']:.1f} CPU-s"


def summary(lines):
    """Return the closing table: what was asked, of how many, where it was missed."""
    kinds = {}
    for line in lines:
        if line.holds is not None:
            kinds.setdefault(line.kind, []).append(line)
    told = [f"{'line':<26} {'asked of':>8} {'hold':>5} {'missed':>7}  asked; where it was missed"]
    for kind, of in [*kinds.items(), ("all", [line for each in kinds.values() for line in each])]:
        missed = [line for line in of if not line.holds]
        asked = {line.asked for line in of}
        words = [next(iter(asked))] if len(asked) == 1 else []
        words += list(dict.fromkeys(line.model for line in missed)) if kind != "all" else []
        told.append(f"{kind:<26} {len(of):>8} {len(of) - len(missed):>5} {len(missed):>7}  {'; '.join(words)}")
    return told
