SELECT pnr AS source_id, {day:make_date(CAST(aar AS INTEGER), 9, 30)} AS day,
       {day:make_date(CAST(aar AS INTEGER), 9, 30)} + {delay:udda} AS known,
       hfaudd AS code
FROM udda WHERE hfaudd IS NOT NULL
