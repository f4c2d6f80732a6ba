"""Write what dcurves and lifelines say of the rows of data.py, with their versions, as JSON.

python benchmarks/peers/evaluation/figures.py tests/oracle/evaluation_peers.json
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import data
import dcurves
import numpy as np
import pandas as pd
from lifelines import AalenJohansenFitter


def net_benefit(made):
    frame = pd.DataFrame({"y": made["y"].astype(int), "risk": made["risk"]})
    found = dcurves.dca(data=frame, outcome="y", modelnames=["risk"], thresholds=data.THRESHOLDS)
    return {
        name: [float(v) for v in found[found.model == model].sort_values("threshold").net_benefit]
        for name, model in (("model", "risk"), ("treat_all", "all"), ("treat_none", "none"))
    }


def incidence(made, which):
    status = np.where(made["y"] == 1, 1, np.where(made["died_first"], 2, 0))[which]
    told = {}
    for name, cause in (("event", 1), ("died_first", 2)):
        fitter = AalenJohansenFitter(calculate_variance=False)
        fitter.fit(made["days"][which], status, event_of_interest=cause)
        told[name] = float(fitter.cumulative_density_.iloc[-1, 0])
    return told


def main():
    made = data.rows()
    low = made["risk"] < data.SPLIT
    told = {
        "made_by": "benchmarks/peers/evaluation/figures.py",
        "versions": {name: version(name) for name in ("dcurves", "lifelines", "numpy", "pandas")},
        "rows": {"n": data.ROWS, "seed": data.SEED, "sha256": data.digest(made)},
        "net_benefit": {"threshold": list(data.THRESHOLDS), **net_benefit(made)},
        "cumulative_incidence": {
            "all": incidence(made, np.ones(data.ROWS, dtype=bool)),
            "below": incidence(made, low),
            "from": incidence(made, ~low),
        },
    }
    Path(sys.argv[1]).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
