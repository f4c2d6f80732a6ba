-- The general practice (specialty 80) whose services somebody used last in each year, dated by the week of that service.
-- Of a week in which two were used, the higher number counts.
SELECT pnr AS source_id, {day:substr(latest, 1, 10)} AS day, {day:substr(latest, 1, 10)} + 6 + {delay:sssy} AS known,
       substr(latest, 11) AS code
FROM (SELECT pnr, max(CAST(honuge AS VARCHAR) || ydernr) AS latest FROM sssy
      WHERE substr(speciale, 1, 2) = '80' AND ydernr IS NOT NULL
      GROUP BY pnr, substr(CAST(honuge AS VARCHAR), 1, 4)) AS years
