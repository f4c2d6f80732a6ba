-- The days contacts started, by table and care, as far as a label rests on them.
SELECT 'lpr_a_kontakt' AS name,
       CASE WHEN lower(kont_ans_hovedspec) LIKE '%psykiatri%' THEN 'psychiatric' ELSE 'somatic' END AS care,
       CAST(kont_starttidspunkt AS DATE) AS day
FROM lpr_a_kontakt
UNION ALL
SELECT 'lpr_adm', 'somatic', d_inddto FROM lpr_adm
UNION ALL
SELECT 't_psyk_adm', 'psychiatric', d_inddto FROM t_psyk_adm
