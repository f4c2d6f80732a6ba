-- A family's income is that of each person who stands in it in their last snapshot of the year.
SELECT b.pnr AS source_id, {day:make_date(CAST(f.aar AS INTEGER), 12, 31)} AS day,
       {day:make_date(CAST(f.aar AS INTEGER), 12, 31)} + {delay:faik} AS known, f.famaekvivadisp_13 AS value
FROM faik AS f
     JOIN (SELECT pnr, year(referencetid) AS aar, arg_max(familie_id, referencetid) AS familie_id
           FROM bef WHERE familie_id IS NOT NULL
           GROUP BY pnr, year(referencetid)) AS b ON b.familie_id = f.familie_id AND b.aar = f.aar
