SELECT pnr AS source_id, {day:make_date(CAST(aar AS INTEGER), 12, 31)} AS day,
       {day:make_date(CAST(aar AS INTEGER), 12, 31)} + {delay:akm} AS known,
       socio13 AS code
FROM akm
