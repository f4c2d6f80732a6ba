"""Returns on what ground a caller may open one person, or none.

The ground is the treating relationship: the token's care context names this patient, or the caller's care team has an
open action for the person. In an emergency a clinician may open without one, and may open what the person has closed,
by giving a reason that is written down. Source: sundhedsloven § 42 a (necessary for the current treatment).
"""

from __future__ import annotations

from collections.abc import Callable

from service.audit import Basis
from service.callers import CLINICIAN, Caller


def basis_of(
    caller: Caller, patient: tuple[str, str], team_follows: Callable[[str], bool], override: str | None = None
) -> Basis | None:
    """Return the ground on which a caller may open a patient (system, identifier); None: they may not."""
    if override is not None:
        return "override" if CLINICIAN in caller.roles else None
    care = caller.care
    if care.patient is not None:
        return "context" if care.patient == patient else None
    if care.care_team is not None and team_follows(care.care_team):
        return "care_team"
    return None
