-- Procedures are known with their contact's diagnoses: at its end and the delay, on delivery while it is open.
SELECT c.source_id,
       {day:o.d_odto} AS day,
       greatest({day:o.d_odto}, coalesce({day:c.closed_at} + {delay:lpr_sksopr}, {delivered})) AS known,
       o.c_opr AS code,
       o.c_oprart AS kind,
       c.care,
       c.setting
FROM lpr_sksopr AS o JOIN contacts AS c ON c.contact = 'lpr_adm:' || o.recnum
