-- Where each person lived and when, from marks in the order of their days: in a snapshot (S), born (B) or moved in from
-- abroad (I) a person lives here from that day on; moved out of the country (U) or dead (D) not. A stretch lasts until
-- the next mark. Who is missing in the next snapshot, and has no mark before it, lived here until that day: ended earlier,
-- a snapshot would decide who was counted before it was taken. A birth counts where the person first stands in the next
-- snapshot. After the last snapshot a stretch stays open.
WITH days AS (
    SELECT DISTINCT referencetid AS day FROM bef),
calendar AS (
    SELECT day, lead(day) OVER (ORDER BY day) AS next_day, lag(day) OVER (ORDER BY day) AS day_before FROM days),
firsts AS (
    SELECT pnr, min(referencetid) AS day, min(foed_dag) AS birth FROM bef GROUP BY pnr),
marks AS (
    SELECT pnr, referencetid AS day, 3 AS rank, 'S' AS mark, kom FROM bef
    UNION ALL
    SELECT pnr, haend_dato, CASE indud_kode WHEN 'I' THEN 2 ELSE 4 END, indud_kode, NULL
    FROM vnds WHERE haend_dato > (SELECT min(day) FROM days)
    UNION ALL
    SELECT f.pnr, f.birth, 1, 'B', NULL
    FROM firsts AS f JOIN calendar AS c ON c.day = f.day
         LEFT JOIN (SELECT DISTINCT v.pnr FROM vnds AS v JOIN firsts AS b ON b.pnr = v.pnr AND v.haend_dato < b.day
                    WHERE v.indud_kode = 'I') AS moved ON moved.pnr = f.pnr
    WHERE f.birth > c.day_before AND f.birth < f.day AND moved.pnr IS NULL
    UNION ALL
    SELECT pnr, doddato, 5, 'D', NULL FROM dod),
ordered AS (
    SELECT pnr, day, mark,
           lead(day) OVER (PARTITION BY pnr ORDER BY day, rank) AS next_mark,
           coalesce(kom, first_value(kom IGNORE NULLS) OVER (PARTITION BY pnr ORDER BY day, rank
                                                             ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING),
                    last_value(kom IGNORE NULLS) OVER (PARTITION BY pnr ORDER BY day, rank
                                                       ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS kom,
           max(CASE WHEN mark = 'D' THEN day END) OVER (PARTITION BY pnr) AS death
    FROM marks),
stretches AS (
    SELECT o.pnr, o.kom, o.death, o.day AS start_day,
           least(o.next_mark, c.next_day) AS end_day  -- the one there is, where there is one
    FROM ordered AS o JOIN calendar AS c ON c.day <= o.day AND (c.next_day IS NULL OR o.day < c.next_day)
    WHERE o.mark IN ('S', 'B', 'I'))
SELECT pnr AS source_id, {day:start_day} AS start, {day:least(end_day, death)} AS "end",
       nullif(ltrim(kom, '0'), '') AS municipality
FROM stretches
WHERE (end_day IS NULL OR end_day > start_day) AND (death IS NULL OR death > start_day)
