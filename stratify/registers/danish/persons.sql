-- One row per person: sex from the latest snapshot, birth from the earliest.
SELECT s.source_id, CASE WHEN s.sex IN (1, 2) THEN s.sex ELSE 0 END AS sex, {day:s.birth} AS birth, {day:d.doddato} AS death
FROM (SELECT pnr AS source_id,
             max(CASE WHEN latest = 1 THEN koen END) AS sex,
             max(CASE WHEN earliest = 1 THEN foed_dag END) AS birth
      FROM (SELECT pnr, koen, foed_dag,
                   row_number() OVER (PARTITION BY pnr ORDER BY referencetid DESC, row_ DESC) AS latest,
                   row_number() OVER (PARTITION BY pnr ORDER BY referencetid, row_) AS earliest
            FROM bef) AS snapshots
      GROUP BY pnr) AS s
LEFT JOIN dod AS d ON d.pnr = s.source_id
