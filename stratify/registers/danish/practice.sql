-- The general practice (specialty 80) somebody used first, and each one they used after another: where they belong as far
-- as services tell. Of a week in which two were used, the higher number counts.
SELECT pnr AS source_id, {day:honuge} AS day, {day:honuge} + 6 + {delay:sssy} AS known, ydernr AS code
FROM (SELECT pnr, honuge, ydernr, lag(ydernr) OVER (PARTITION BY pnr ORDER BY honuge) AS before
      FROM (SELECT pnr, honuge, max(ydernr) AS ydernr FROM sssy
            WHERE substr(speciale, 1, 2) = '80' AND ydernr IS NOT NULL GROUP BY pnr, honuge) AS weeks) AS told
WHERE before IS NULL OR before <> ydernr
