"""The proof that the matrix is blind to the future, over every landmark that was built."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.data_steps import refuse_other_catalogue
from pipelines.matrix import Matrix, read_matrix
from pipelines.steps import manifest_digest, read_manifest
from stratify.catalogue import Catalogue
from stratify.disclosure import words
from stratify.errors import BundleError, GateError
from stratify.features.columns import columns
from stratify.features.leaks import Audit, audit_leaks, bits, landmark
from stratify.registers.clock import day_number, read_date
from stratify.store.read import Store
from stratify.workspace import Workspace


def audit_leaks_step(work: Workspace, catalogue: Catalogue, progress: Any) -> tuple[dict[str, Any], bool]:
    """Return what was compared, as lines to show; raises GateError (exit 12) naming each column and table that leaks.

    The matrix must be the one that this store and this catalogue give (BundleError, exit 13).
    """
    built = read_manifest(work.features, "build")
    refuse_other_catalogue(work, catalogue)
    if built["inputs"]["store"] != manifest_digest(work.store, "land"):
        raise BundleError(f"{work.features}: built from another store than stands here; run `stratify build` again")
    store = Store(work.store)
    days = [day_number(read_date(text, "landmark")) for text in built["results"]["landmarks"]]
    _refuse_other_matrix(work, store, catalogue, days)
    audit = audit_leaks(store, catalogue, days, progress)
    if audit.moved:
        total = sum(audit.moved.values())
        raise GateError(f"leak: {words(total)} cells move with what was not known before the landmark:", leaks(audit))
    return {"results": {"lines": lines(audit)}}, True


def leaks(audit: Audit) -> list[str]:
    """Return a line for each column and table that leak, those that move most first."""
    told = sorted(audit.moved.items(), key=lambda item: (-item[1], item[0]))
    return [f"{column}, table {domain}: {words(count)} cells" for (column, domain), count in told]


def lines(audit: Audit) -> list[str]:
    """Return what to show of an audit without a leak, the verdict last."""
    told = [
        f"{domain}: {words(late)} rows not known before their landmark, removed and moved; "
        f"{words(audit.later_facts[domain])} more with an end or a refutation known later"
        for domain, late in sorted(audit.late.items())
    ]
    if audit.unread:
        told.append(f"read by no column: {', '.join(audit.unread)}")
    return [
        *told,
        f"no leak: {audit.landmarks} landmarks, {words(audit.rows)} rows, {words(audit.cells)} cells compared with the "
        f"future removed and moved; events not known yet: {words(audit.late.total())}; cells moved: 0",
    ]


def _refuse_other_matrix(work: Workspace, store: Store, catalogue: Catalogue, days: list[int]) -> None:
    """Refuse a matrix on disk that is not what the code that is audited makes, at its last landmark."""
    written = read_matrix(work.features, days[-1:])
    parts = [landmark(store, catalogue, days[-1], bucket) for bucket in range(store.buckets)]
    person = np.concatenate([part.kept for part in parts])
    order = np.argsort(person, kind="stable")
    cells = np.concatenate([part.cells for part in parts])[order]
    if not _same(written, person[order], cells, [column.id for column in columns(catalogue)]):
        raise BundleError(
            f"{work.features}: not the matrix that this store and this catalogue give; run `stratify build` again"
        )


def _same(written: Matrix, person: Any, cells: Any, names: list[str]) -> bool:
    return (
        written.names == names
        and np.array_equal(written.rows.person, person)
        and np.array_equal(bits(written.cells), bits(cells))
    )
