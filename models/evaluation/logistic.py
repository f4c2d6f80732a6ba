"""Logistic regressions, many at once: each line of counts has coefficients of its own on the same columns."""

from __future__ import annotations

import numpy as np

from models.table import Floats
from stratify.features.loops import Array, compiled

_STEPS = 50
_LONGEST = 4.0  # a Newton step is shortened to this
_CLOSE = 1e-11


def logistic(total: Floats, events: Floats, x: Floats, offset: Floats, start: Floats) -> Floats:
    """Return coefficients [lines, k] by maximum likelihood; NaN where there are none (one class, separation).

    total and events [lines, n] are weights of all and of those with the event; x [n, k]; offset [n]; start [k], tried
    before 0.
    """
    found = np.full((len(total), x.shape[1]), np.nan)
    total, events, x = (np.ascontiguousarray(values) for values in (total, events, x))
    _newton(total, events, x, offset, start, found)
    if start.any():  # far from the answer, steps from there may lead nowhere
        lost = np.isnan(found[:, 0])
        again = found[lost]
        _newton(total[lost], events[lost], x, offset, np.zeros_like(start), again)
        found[lost] = again
    return found


@compiled
def _newton(total: Array, events: Array, x: Array, offset: Array, start: Array, found: Array) -> None:
    """Fill `found` by Newton's steps, each solved by Cholesky; a line that does not settle keeps its NaN."""
    n, k = x.shape
    gradient, hessian, beta = np.empty(k), np.empty((k, k)), np.empty(k)
    for line in range(len(total)):
        beta[:] = start
        for _ in range(_STEPS):
            gradient[:] = 0.0
            hessian[:] = 0.0
            for i in range(n):
                if total[line, i] == 0:
                    continue
                eta = offset[i]
                for a in range(k):
                    eta += beta[a] * x[i, a]
                p = 1 / (1 + np.exp(-eta))
                rest, curvature = events[line, i] - total[line, i] * p, total[line, i] * p * (1 - p)
                for a in range(k):
                    gradient[a] += rest * x[i, a]
                    for b in range(a + 1):
                        hessian[a, b] += curvature * x[i, a] * x[i, b]
            if not _solve(hessian, gradient):
                break
            longest = np.max(np.abs(gradient))
            if not longest < 1e6:
                break
            beta += gradient * min(1.0, _LONGEST / longest) if longest > 0 else gradient
            if longest < _CLOSE * (1 + np.max(np.abs(beta))):
                found[line] = beta
                break


@compiled
def _solve(square: Array, right: Array) -> bool:
    """Turn `right` into the solution of square @ z = right, by the lower half; False where it is singular."""
    k = len(right)
    for a in range(k):
        whole = square[a, a]
        for b in range(a + 1):
            value = square[a, b]
            for c in range(b):
                value -= square[a, c] * square[b, c]
            if a == b:
                if not value > 1e-13 * whole:
                    return False
                square[a, a] = np.sqrt(value)
            else:
                square[a, b] = value / square[b, b]
    for a in range(k):
        for c in range(a):
            right[a] -= square[a, c] * right[c]
        right[a] /= square[a, a]
    for a in range(k - 1, -1, -1):
        for c in range(a + 1, k):
            right[a] -= square[c, a] * right[c]
        right[a] /= square[a, a]
    return True
