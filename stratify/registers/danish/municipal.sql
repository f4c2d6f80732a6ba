-- Home care by the month (what was granted, personal and practical together), home nursing by the day, and stays in a
-- care home, whose end is a fact of its own, known later than the start.
SELECT pnr AS source_id, {day:hænd_mdr} AS day, {day:last_day(hænd_mdr)} + {delay:aefv} AS known, 'home_care' AS code,
       CASE WHEN coalesce(perpl_vis, prahj_vis) IS NOT NULL
            THEN coalesce(perpl_vis, 0) + coalesce(prahj_vis, 0) END AS value,
       CAST(NULL AS INTEGER) AS end_day, CAST(NULL AS INTEGER) AS end_known
FROM aefv
UNION ALL
SELECT pnr, {day:hjemsygep_dato}, {day:hjemsygep_dato} + {delay:aehjsp}, 'home_nursing', NULL, NULL, NULL
FROM aehjsp
UNION ALL
SELECT v_pnr, {day:d_tilflyt_dato}, {day:d_tilflyt_dato} + {delay:ophold_plejehjem}, 'care_home', NULL,
       {day:d_fraflyt_dato}, {day:d_fraflyt_dato} + {delay:ophold_plejehjem}
FROM ophold_plejehjem
