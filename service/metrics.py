"""Returns what is counted of the service, for Prometheus: routes, statuses and words of ours, never a person or a user.

Several workers write their counts to files in one folder, which the first process makes before they start (`FOLDER`);
whichever worker is asked adds them up.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own word
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "stratify_requests", "Requests by route, method and status.", ["route", "method", "status"], registry=REGISTRY
)
DURATION = Histogram(
    "stratify_request_seconds", "Seconds until the answer was sent.", ["route"], buckets=SECONDS, registry=REGISTRY
)
AUDITED = Counter(
    "stratify_audit_rows", "Rows of the audit log by action and outcome.", ["action", "outcome"], registry=REGISTRY
)
AUDIT_FAILED = Counter("stratify_audit_failed", "Commits of the audit log that failed.", registry=REGISTRY)
READY = Gauge("stratify_ready", "1 where look-ups can be answered.", registry=REGISTRY, multiprocess_mode="mostrecent")
BEHIND = Gauge(
    "stratify_behind", "1 where newer files do not fit and are not served.", registry=REGISTRY,
    multiprocess_mode="mostrecent",
)  # fmt: skip
AGE = Gauge(
    "stratify_data_age_days", "Days since the last day that the data covers.", registry=REGISTRY,
    multiprocess_mode="mostrecent",
)  # fmt: skip
SERVED = Gauge(
    "stratify_served", "1 for the bundle that is served.", ["bundle"], registry=REGISTRY, multiprocess_mode="mostrecent"
)

_seen: set[str] = set()


def count_request(route: str, method: str, status: str, seconds: float) -> None:
    """Count one request that was answered."""
    REQUESTS.labels(route, method, status).inc()
    DURATION.labels(route).observe(seconds)


def told(*, ready: bool, behind: bool, covers_to: str, bundle: str) -> bytes:
    """Return everything that is counted, as Prometheus reads it."""
    READY.set(ready)
    BEHIND.set(behind)
    AGE.set((datetime.now(UTC).date() - date.fromisoformat(covers_to)).days)
    _seen.add(bundle)  # what was served before stays in the workers' files: it is said to be served no more
    for one in _seen:
        SERVED.labels(one).set(one == bundle)
    registry = REGISTRY
    if FOLDER in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
