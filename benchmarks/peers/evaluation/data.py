"""Made-up rows that both sides evaluate: outcome, risk to three decimals, days to whichever came first, death first."""

import hashlib

import numpy as np

ROWS, SEED = 800, 20261126
THRESHOLDS = (0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
SPLIT = 0.2  # incidences are told below this risk and from it on


def rows():
    """Return {name: array}; only uniform draws and products, so the same on every machine."""
    rng = np.random.default_rng(SEED)
    u, happens, dies, leaves, when = rng.random((5, ROWS))
    risk = np.round(u * u * 0.9, 3)
    event = happens < 0.8 * risk + 0.02
    died = ~event & (dies < 0.08)
    day = np.argsort(np.argsort(when)) / 4 + 1  # no two alike
    stays = ~event & ~died & (leaves > 0.1)
    days = np.where(stays, 366 + np.arange(ROWS) / ROWS, day)
    return {"y": event.astype(float), "risk": risk, "died_first": died, "days": days}


def digest(made):
    """Return the SHA-256 of the rows."""
    columns = (np.ascontiguousarray(made[name], dtype=float) for name in sorted(made))
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()
