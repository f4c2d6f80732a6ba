"""The peer's side: the same columns by timeseriesflattener, run in its own environment by `compare.py`.

    python flatten.py events.npz answer.npz --from-day 1 --latest distance
    python flatten.py --traps

Prints one JSON object. `--from-day 0` is its ordinary window, which ends with the moment of the prediction. `--latest`
names the column that its aggregator of the latest value orders by: `timestamp`, as its tests have it, or `distance`,
its own column of how far the value lies, which is empty outside the window.
"""

import argparse
import contextlib
import datetime as dt
import io
import json
import resource
import time
from importlib.metadata import version

started = time.process_time()
import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
import timeseriesflattener as tsf  # noqa: E402
from timeseriesflattener.aggregators import LatestAggregator  # noqa: E402

IMPORTS = time.process_time() - started
ORDER = {"timestamp": "timestamp", "distance": "time_from_prediction_to_value"}
NAMES = {"last": "latest"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", nargs="?")
    parser.add_argument("answer", nargs="?")
    parser.add_argument("--from-day", type=int, choices=[0, 1], default=0)
    parser.add_argument("--latest", choices=list(ORDER), default="timestamp")
    parser.add_argument("--traps", action="store_true")
    given = parser.parse_args()
    told = traps() if given.traps else flattened(given.events, given.answer, given.from_day, ORDER[given.latest])
    versions = {name: version(name) for name in ("timeseriesflattener", "polars", "numpy")}
    print(json.dumps({**told, "imports": IMPORTS, "versions": versions}))


def flattened(events, answer, from_day, order):
    """Write the cells, (rows by person and day, columns in the order asked); return what it cost."""
    asked = np.load(events)
    windows, groups = asked["windows"].tolist(), int(asked["groups"])
    began = time.process_time()
    rows = pl.DataFrame({"entity_id": asked["row_person"], "pred_timestamp": days(asked["row_day"])})
    frames = []
    for group in range(groups):
        of = asked["group"] == group
        frames.append(
            pl.DataFrame(
                {"entity_id": asked["person"][of], "timestamp": days(asked["day"][of]), f"g{group}": asked["value"][of]}
            )
        )
    framed, wall = time.process_time(), time.perf_counter()
    specs = [
        tsf.PredictorSpec(
            tsf.ValueFrame(frame),
            lookbehind_distances=[(dt.timedelta(from_day), dt.timedelta(window)) for window in windows],
            aggregators=aggregators(asked["aggregates"].tolist(), order),
            fallback=np.nan,
            column_prefix="p",
        )
        for frame in frames
    ]
    found = quietly(lambda: tsf.Flattener(tsf.PredictionTimeFrame(rows)).aggregate_timeseries(specs).df)
    done, wall = time.process_time(), time.perf_counter() - wall
    found = found.sort("entity_id", "pred_timestamp")
    names = [
        f"p_g{group}_within_{from_day}_to_{window}_days_{NAMES.get(aggregate, aggregate)}_fallback_nan"
        for group in range(groups)
        for window in windows
        for aggregate in asked["aggregates"].tolist()
    ]
    np.save(answer, np.stack([found[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names], axis=1))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"frames": framed - began, "cpu": done - framed, "wall": wall, "memory": memory}


def aggregators(names, order):
    found = {
        "count": tsf.CountAggregator(),
        "sum": tsf.SumAggregator(),
        "mean": tsf.MeanAggregator(),
        "min": tsf.MinAggregator(),
        "max": tsf.MaxAggregator(),
        "last": LatestAggregator(timestamp_col_name=order),
    }
    return [found[name] for name in names]


def days(numbers):
    return numbers.astype("datetime64[D]").astype("datetime64[us]")


def quietly(call):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return call()


# --- three histories small enough to be read ------------------------------------------------------------------------

T = dt.datetime(2020, 1, 1)  # noqa: DTZ001
DAY = dt.timedelta(1)


def traps():
    """Return what it says of histories of one person whose right answers anybody can count."""
    outcome = {"lookahead_distances": [30 * DAY], "aggregators": [tsf.CountAggregator()]}
    before = {"lookbehind_distances": [30 * DAY], "aggregators": [tsf.CountAggregator()]}
    far = {"lookbehind_distances": [(30 * DAY, 90 * DAY)], "aggregators": [tsf.MaxAggregator()]}
    label = {"lookahead_distances": [(30 * DAY, 90 * DAY)], "aggregators": [tsf.MaxAggregator()]}
    latest = {"lookbehind_distances": [90 * DAY], "aggregators": [LatestAggregator(timestamp_col_name="timestamp")]}
    return {
        "same_day": [one([0], tsf.PredictorSpec, before), one([0], tsf.OutcomeSpec, outcome)],
        "step_feature": [one([-78], tsf.PredictorSpec, far, step) for step in (None, 30 * DAY)],
        "step_label": [one([80], tsf.OutcomeSpec, label, step) for step in (None, DAY)],
        "latest": [one(on, tsf.PredictorSpec, latest) for on in ([-30, -12], [-30, -12, 31])],
    }


def one(on, spec, of, step=None):
    """The one cell of a person with an event on each of these days from the prediction, of values 1, 2, 3."""
    values = pl.DataFrame(
        {"entity_id": [1] * len(on), "timestamp": [T + n * DAY for n in on], "v": [1.0 + n for n in range(len(on))]}
    )
    rows = tsf.PredictionTimeFrame(pl.DataFrame({"entity_id": [1], "pred_timestamp": [T]}))
    asked = spec(tsf.ValueFrame(values), **of, fallback=np.nan if spec is tsf.PredictorSpec else 0)
    found = quietly(lambda: tsf.Flattener(rows).aggregate_timeseries([asked], step_size=step).df)
    return found[found.columns[-1]][0]


if __name__ == "__main__":
    main()
