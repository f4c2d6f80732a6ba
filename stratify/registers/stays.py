"""Stays: contacts of one person chained across hospitals and register generations, somatic and psychiatric apart.

The rules are R1 and R2 of the quality targets, which outcomes share: physical contacts of the inpatient kind that
overlap or follow within `CHAIN_HOURS` make one stay; a stay of `ADMISSION_HOURS` or more is an admission (in LPR2: one
with an inpatient contact); it is acute when its first contact is. Contacts in childbirth, of healthy newborns, of
companions and for observation alone are no admissions and are left out before chaining.

Each contact brings `joins_to`, the last moment at which another one still joins it: four hours after its end, or the
last second of its day where the source gives the end as a day. A contact without an end joins by its start, so that one
nobody closed does not swallow what comes after it; a stay is open while the contact that started last is. A contact
open for more than `OPEN_DAYS` when the data end was most likely never closed: its length is unknown and adds nothing.

Source: eSundhed's definition of admissions and readmissions in LPR3 (<= 4 h, >= 12 h), read; which of the short planned
contacts take part is our choice: none, or the priority of an outpatient visit would become that of the acute stay after
it.
"""

from __future__ import annotations

CHAIN_HOURS = 4
ADMISSION_HOURS = 12
OPEN_DAYS = 365
NO_ADMISSION = ("O", "Z38", "Z763", "Z03")  # childbirth, liveborn, companion, observation

_NEVER_CLOSED = f"(end_at IS NULL AND start_at < {{covers_end}} - INTERVAL {OPEN_DAYS} DAY)"
_LONG = f"(end_at IS NULL AND NOT {_NEVER_CLOSED} OR date_diff('minute', start_at, end_at) >= {ADMISSION_HOURS * 60})"
_LEFT_OUT = "(" + " OR ".join(f"coalesce(code, '') LIKE '{prefix}%'" for prefix in NO_ADMISSION) + ")"


# every contact with the setting it had, and whether its length is unknown since nobody closed it
CONTACT_SETTING = f"""
SELECT *, CASE WHEN form <> 'physical' THEN form
               WHEN basis = 'admission' OR (basis = 'timed' AND {_LONG}) THEN 'inpatient'
               WHEN basis = 'timed' AND acute THEN 'emergency'
               ELSE 'outpatient' END AS setting,
       basis = 'timed' AND form = 'physical' AND {_NEVER_CLOSED} AS never_closed
FROM all_contacts
"""

CONTACT = """
SELECT source_id, {day:start_at} AS day, {day:start_at} + delay AS known, {day:closed_at} AS end_day,
       {minute:start_at} AS start_min, {minute:closed_at} AS end_min, setting, acute, care, unit
FROM contacts
"""

STAY = f"""
WITH chained AS (
    SELECT *, coalesce(end_at, start_at) AS until_at
    FROM contacts WHERE setting IN ('inpatient', 'emergency') AND NOT {_LEFT_OUT}),
marked AS (
    SELECT *, CASE WHEN start_at <= max(joins_to) OVER (PARTITION BY source_id, care ORDER BY start_at, contact
                                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                   THEN 0 ELSE 1 END AS opens
    FROM chained),
numbered AS (
    SELECT *, sum(opens) OVER (PARTITION BY source_id, care ORDER BY start_at, contact
                               ROWS UNBOUNDED PRECEDING) AS nth FROM marked),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY source_id, care, nth ORDER BY start_at, contact) AS from_first,
           row_number() OVER (PARTITION BY source_id, care, nth ORDER BY until_at DESC, contact DESC) AS from_last,
           row_number() OVER (PARTITION BY source_id, care, nth ORDER BY start_at DESC, contact DESC) AS started_last
    FROM numbered),
stays AS (
    SELECT source_id, care, min(start_at) AS start_at,
           CASE WHEN bool_or(end_at IS NULL AND started_last = 1) THEN NULL ELSE max(until_at) END AS end_at,
           max(until_at) AS until_at,
           bool_or(never_closed AND started_last = 1) AS never_closed,
           bool_or(CASE WHEN from_first = 1 THEN acute END) AS acute,
           bool_or(basis = 'admission') AS inpatient,
           max(delay) AS delay,
           max(CASE WHEN from_first = 1 THEN unit END) AS unit_first,
           max(CASE WHEN from_last = 1 THEN unit END) AS unit_last,
           max(CASE WHEN from_first = 1 THEN code END) AS first_code
    FROM ranked GROUP BY source_id, care, nth)
SELECT source_id, {{day:start_at}} AS day, {{day:start_at}} + delay AS known,
       {{minute:start_at}} AS start_min, {{minute:end_at}} AS end_min,
       {{day:end_at}} AS end_day, {{day:end_at}} + delay AS end_known,
       date_diff('minute', start_at, end_at) / CAST(60 AS DOUBLE) AS hours,
       acute, care,
       inpatient OR date_diff('minute', start_at, CASE WHEN end_at IS NULL AND NOT never_closed THEN {{covers_end}}
                                                       ELSE until_at END) >= {ADMISSION_HOURS * 60}
           AS admission,
       unit_first, unit_last, first_code
FROM stays
"""
