"""How often charts of a stable process signal all the same, and how soon they find a shift, by simulation.

Prints the share of stable series with a false signal (anywhere, and at the latest point alone) by rule set and kind of
chart; what extra variation does to plain p charts; how often p' is chosen and where nothing but counting varies; how
often an action may close; and after how many points a planted shift is found.

    python benchmarks/spc.py --series 20000
    python benchmarks/spc.py --table > stratify/quality/spc/false_alarms.csv
    python benchmarks/spc.py --null
    python benchmarks/spc.py --delays > stratify/quality/spc/delays.csv
"""

import argparse
import time

import numpy as np

from stratify.quality.spc import chart, charts, choose, held, sigma_z_limit
from stratify.quality.spc.laney import NULL_90

POINTS = (12, 15, 18, 24, 30, 36, 48, 60)
KINDS = ("run", "xmr", "p", "u", "p_prime", "t")
EXTRA = 0.08  # coefficient of variation of the true rate from month to month, where it is not constant
BASELINE, AFTER = 24, 36
SHIFTS = (1, 1.5, 2, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="print the table of false alarms as CSV, nothing else")
    parser.add_argument("--null", action="store_true", help="print the 90 %% points of sigma_z, nothing else")
    parser.add_argument("--delays", action="store_true", help="print the table of delays as CSV, nothing else")
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    started = time.perf_counter()
    if given.table:
        return table(rng, given.series)
    if given.null:
        return null(rng)
    if given.delays:
        return table_of_delays(rng, min(given.series, 2000))
    stable(rng, given.series)
    parts(rng, given.series)
    extra(rng, given.series)
    choices(rng, given.series)
    closing(rng, min(given.series, 2000))
    delays(rng, given.series // 4)
    speed(rng, given.series)
    print(f"\n{given.series:,} series, seed {given.seed}, {time.perf_counter() - started:.0f} s")
    return None


def normal(rng, series, points):
    return rng.standard_normal((series, points)), None


def shares(rng, series, points, size=500, rate=0.2, extra=0.0):
    """Return counts of a share whose true value varies by so large a part of itself from month to month."""
    true = np.clip(rate * (1 + extra * rng.standard_normal((series, points))), 0, 1)
    return rng.binomial(size, true).astype(float), np.full((series, points), float(size))


def made_up(kind, rng, series, points):
    """Return the stable data that a kind of chart is made for."""
    if kind in ("run", "xmr"):
        return normal(rng, series, points)
    if kind == "p":
        return shares(rng, series, points)
    if kind == "u":
        return rng.poisson(50.0, (series, points)).astype(float), np.full((series, points), 1000.0)
    if kind == "p_prime":
        return shares(rng, series, points, extra=EXTRA)
    return rng.exponential(10.0, (series, points)), None


def table(rng, series):
    print("kind,rules,points,any,latest")
    for kind in KINDS:
        for points in POINTS:
            numerator, denominator = made_up(kind, rng, series, points)
            for rules in ("anhoej", "nhs"):
                found = charts(kind, numerator, denominator, rules=rules)
                print(f"{kind},{rules},{points},{found.signal.mean():.4f},{found.alert.mean():.4f}")


def table_of_delays(rng, series):
    """Print how many points a shift takes on the charts of targets: shares, limits of all points, the shift's too."""
    print("sigma,median,most")
    size, rate = 2000, 0.3
    one = np.sqrt(rate * (1 - rate) / size)
    for sigma in np.arange(0.5, 6.01, 0.25):
        moved = np.full(54 + AFTER, rate)
        moved[54:] -= sigma * one
        numerator = rng.binomial(size, np.tile(moved, (series, 1)))
        found = np.full(series, np.inf)
        for after in range(1, AFTER + 1):
            upto = numerator[:, : 54 + after]
            alert = charts("p_prime", upto, np.full(upto.shape, size), chosen=True).alert
            found = np.where(alert & np.isinf(found), after, found)
        middle, late = (np.quantile(found, part, method="inverted_cdf") for part in (0.5, 0.9))
        print(f"{sigma:g},{min(middle, AFTER + 1):.0f},{min(late, AFTER + 1):.0f}")


def null(rng):
    for points in NULL_90:
        z = [np.abs(np.diff(rng.standard_normal((50_000, points)), axis=1)).mean(axis=1) / 1.128 for _ in range(20)]
        print(f"{points}: {np.quantile(np.concatenate(z), 0.90):.4f}")


def told(name, *figures):
    print(f"{name:<58}" + "".join(f"{figure:>9}" for figure in figures))


def percent(flags):
    return f"{100 * np.mean(flags):.1f} %"


def stable(rng, series):
    told("stable series with a false signal", "any", "latest")
    for points in (12, 24, 36):
        value, _ = normal(rng, series, points)
        for name, kind, rules in (
            ("Anhøj on the median (run chart)", "run", "anhoej"),
            ("Anhøj and 3 sigma (XmR)", "xmr", "anhoej"),
            ("NHS, four rules (XmR)", "xmr", "nhs"),
        ):
            found = charts(kind, value, rules=rules)
            told(f"{points} points  {name}", percent(found.signal), percent(found.alert))


def parts(rng, series):
    value, _ = normal(rng, series, 24)
    for screen in (True, False):
        found = charts("xmr", value, rules="nhs", screen=screen)
        for rule, flags in found.flagged.items():
            told(f"24 points  NHS, {rule}, moving ranges {'' if screen else 'un'}screened", percent(flags.any(axis=1)))


def extra(rng, series):
    print()
    told("24 points, 3 sigma alone", "p", "p'", "chosen", "p' taken")
    for size, rate, variations in (
        (5000, 0.1, (0.0, 0.03, 0.08)),
        (5000, 0.2, (0.0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08)),
        (500, 0.1, (0.0, 0.08)),
        (500, 0.2, (0.0, 0.04, 0.08, 0.12)),
    ):
        for varies in variations:
            counted, over = shares(rng, series, 24, size, rate, varies)
            plain, prime = (charts(kind, counted, over).outside.any(axis=1) for kind in ("p", "p_prime"))
            chosen = charts("p_prime", counted, over, chosen=True)
            told(
                f"denominator {size:,}, share {rate:.0%}, extra variation {varies:.0%}",
                percent(plain), percent(prime), percent(chosen.outside.any(axis=1)), percent(~np.isnan(chosen.sigma_z)),
            )  # fmt: skip
    print()
    told("our default: Anhøj and 3 sigma, p or p' chosen", "any", "latest")
    for points in (12, 24, 36):
        for size, varies in ((5000, 0.0), (5000, 0.03), (5000, 0.08), (500, 0.0), (500, 0.08)):
            counted, over = shares(rng, series, points, size, 0.1, varies)
            found = charts("p_prime", counted, over, chosen=True)
            told(
                f"{points} points, denominator {size:,}, extra variation {varies:.0%}",
                percent(found.signal), percent(found.alert),
            )  # fmt: skip


def choices(rng, series):
    print()
    told("p' taken where counting alone varies (10 % wanted)", *(f"n={points}" for points in (12, 24, 36, 60)))
    for size, rate in ((5000, 0.2), (500, 0.2), (50, 0.2), (50, 0.02), (500, 0.99)):
        wrong = []
        for points in (12, 24, 36, 60):
            counted, over = shares(rng, series, points, size, rate)
            wrong.append(percent(~np.isnan(charts("p_prime", counted, over, chosen=True).sigma_z)))
        told(f"denominator {size:,}, share {rate:.0%}", *wrong)
    print("limits of sigma_z: " + ", ".join(f"n={points} {sigma_z_limit(points):.2f}" for points in (12, 24, 36, 60)))


def closing(rng, series):
    print()
    better = (-1, -0.5, 0, 0.5, 1)
    told("an action may close: stable, so many sigma beyond target", *(f"{by:g}" for by in better))
    shares_held = []
    for by in better:
        value = rng.standard_normal((series, 12)) + by
        shares_held.append(percent([held(one, 0.0, "higher") for one in value]))
    told("12 points", *shares_held)


def delays(rng, series):
    """Print how many points after a shift the latest point first alerts, limits frozen at 24 points before it."""
    print()
    told(f"points until the shift is found, of {series:,} series", "median", "90 %", "in 36")
    for shift in SHIFTS:
        value, _ = normal(rng, series, BASELINE + AFTER)
        value[:, BASELINE:] += shift
        for name, rules, only in (
            ("3 sigma alone", "anhoej", ("outside",)),
            ("Anhøj's run alone", "anhoej", ("run",)),
            ("Anhøj and 3 sigma", "anhoej", ("outside", "run")),
            ("NHS, four rules", "nhs", ("outside", "trend", "two_of_three", "seven")),
        ):
            found = first_alert(value, rules, only)
            middle, late = (np.quantile(found, part, method="inverted_cdf") for part in (0.5, 0.9))
            shown = [f"{at:.0f}" if np.isfinite(at) else f">{AFTER}" for at in (middle, late)]
            told(f"shift of {shift:g} sigma: {name}", *shown, percent(np.isfinite(found)))


def first_alert(value, rules, only):
    """Return the number of points from the shift to the first alert at the then latest point, infinite without one."""
    found = np.full(len(value), np.inf)
    for after in range(1, AFTER + 1):
        ready = charts("xmr", value[:, : BASELINE + after], freeze=BASELINE, rules=rules)
        alert = np.any([ready.flagged[rule][:, -1] for rule in only], axis=0)
        found = np.where(alert & np.isinf(found), after, found)
    return found


def speed(rng, series):
    print()
    told("microseconds of a series of 36 points", "chart", "choose", "charts")
    counted, over = shares(rng, series, 36)
    took = []
    for work, of in (
        (lambda: [chart("p_prime", one, size) for one, size in zip(counted[:500], over, strict=False)], 500),
        (lambda: [choose(one, size, "p") for one, size in zip(counted[:500], over, strict=False)], 500),
        (lambda: charts("p_prime", counted, over, chosen=True), series),
    ):
        started = time.process_time()
        work()
        took.append(f"{1e6 * (time.process_time() - started) / of:.0f}")
    told("p or p'", *took)


if __name__ == "__main__":
    main()
