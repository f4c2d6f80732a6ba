-- From each snapshot a person lives in its municipality until the next one. Who is not in the next one left on the day
-- of a move out of the country or of death; where neither is known, half-way between the two, since to leave earlier
-- would let a later snapshot decide who is counted. Who moves out and in again between two snapshots is away between.
WITH snapshots AS (
    SELECT pnr, kom, referencetid AS day, lead(referencetid) OVER (PARTITION BY pnr ORDER BY referencetid) AS own_next
    FROM bef),
calendar AS (
    SELECT referencetid AS day, lead(referencetid) OVER (ORDER BY referencetid) AS next_day
    FROM (SELECT DISTINCT referencetid FROM bef) AS days),
spells AS (
    SELECT s.pnr, s.kom, s.day, s.own_next, c.next_day,
           (SELECT min(haend_dato) FROM vnds AS v WHERE v.pnr = s.pnr AND v.indud_kode = 'U' AND v.haend_dato > s.day
              AND (s.own_next IS NULL OR v.haend_dato <= s.own_next)) AS away,
           (SELECT doddato FROM dod WHERE dod.pnr = s.pnr) AS death
    FROM snapshots AS s JOIN calendar AS c ON c.day = s.day),
stretches AS (
    SELECT pnr AS source_id, day AS start_day, kom,
           CASE WHEN away IS NOT NULL THEN away
                WHEN own_next = next_day THEN own_next
                WHEN next_day IS NULL THEN NULL
                WHEN death <= next_day THEN death
                ELSE day + CAST(date_diff('day', day, next_day) / 2 AS INTEGER) END AS end_day, death
    FROM spells
    UNION ALL
    SELECT s.pnr, v.haend_dato, s.kom, s.own_next, s.death
    FROM spells AS s JOIN vnds AS v ON v.pnr = s.pnr AND v.indud_kode = 'I' AND v.haend_dato > s.away
         AND v.haend_dato < s.own_next
    UNION ALL
    SELECT f.pnr, greatest(coalesce(v.haend_dato, f.birth), f.birth), f.kom, f.day, f.death
    FROM (SELECT s.pnr, s.kom, s.day, s.death, b.birth,
                 (SELECT max(c.day) FROM calendar AS c WHERE c.day < s.day) AS before
          FROM spells AS s JOIN (SELECT pnr, min(referencetid) AS first_day, min(foed_dag) AS birth FROM bef GROUP BY pnr)
               AS b ON b.pnr = s.pnr AND b.first_day = s.day) AS f
         LEFT JOIN vnds AS v ON v.pnr = f.pnr AND v.indud_kode = 'I' AND v.haend_dato > f.before AND v.haend_dato < f.day
    WHERE coalesce(v.haend_dato, f.birth) > f.before AND coalesce(v.haend_dato, f.birth) < f.day)
SELECT source_id, {day:start_day} AS start, {day:least(end_day, death)} AS "end", kom AS municipality
FROM stretches
WHERE (end_day IS NULL OR end_day > start_day) AND (death IS NULL OR death > start_day)
