-- Every hospital contact of the three LPR tables in one form.
-- Days without an hour are taken at noon, so that a transfer on one day chains and a discharge and an admission on two
-- following days do not. An acute LPR2 contact that is no inpatient contact has no length of its own.
SELECT pnr AS source_id,
       'lpr_a:' || dw_ek_kontakt AS contact,
       kont_starttidspunkt AS start_at,
       kont_sluttidspunkt AS end_at,
       prioritet = 'ATA1' AS acute,
       CASE WHEN lower(kont_ans_hovedspec) LIKE '%psykiatri%' THEN 'psychiatric' ELSE 'somatic' END AS care,
       CASE kont_type WHEN 'ALCA00' THEN 'physical' WHEN 'ALCA01' THEN 'home' WHEN 'ALCA03' THEN 'virtual'
                      ELSE 'other' END AS form,
       CASE WHEN kont_type = 'ALCA00' THEN 'timed' ELSE 'none' END AS basis,
       {to_who:adiag} AS code,
       kont_ans_inst AS unit,
       {delay:lpr_a_kontakt} AS delay
FROM lpr_a_kontakt
UNION ALL
SELECT pnr,
       'lpr_adm:' || recnum,
       d_inddto + to_hours(coalesce(v_indtime, 12)) + to_minutes(coalesce(v_indminut, 0)),
       CASE WHEN c_pattype IN ('2', '3') AND (c_pattype = '3' OR c_indm = '1')
            THEN d_inddto + to_hours(coalesce(v_indtime, 12)) + to_minutes(coalesce(v_indminut, 0))
            ELSE greatest(d_uddto + to_hours(12),
                          d_inddto + to_hours(coalesce(v_indtime, 12)) + to_minutes(coalesce(v_indminut, 0))) END,
       c_indm = '1' OR c_pattype = '3',
       'somatic',
       'physical',
       CASE WHEN c_pattype = '0' THEN 'admission' WHEN c_pattype = '3' OR c_indm = '1' THEN 'timed' ELSE 'none' END,
       {to_who:c_adiag},
       c_sgh,
       {delay:lpr_adm}
FROM lpr_adm
UNION ALL
SELECT v_cpr,
       't_psyk_adm:' || k_recnum,
       d_inddto + to_hours(coalesce(v_indtime, 12)) + to_minutes(coalesce(v_indminut, 0)),
       CASE WHEN c_pattype IN ('2', '3') AND (c_pattype = '3' OR c_indm = '1')
            THEN d_inddto + to_hours(coalesce(v_indtime, 12)) + to_minutes(coalesce(v_indminut, 0))
            ELSE greatest(d_uddto + to_hours(12),
                          d_inddto + to_hours(coalesce(v_indtime, 12)) + to_minutes(coalesce(v_indminut, 0))) END,
       c_indm = '1' OR c_pattype = '3',
       'psychiatric',
       'physical',
       CASE WHEN c_pattype = '0' THEN 'admission' WHEN c_pattype = '3' OR c_indm = '1' THEN 'timed' ELSE 'none' END,
       {to_who:c_adiag},
       c_sgh,
       {delay:t_psyk_adm}
FROM t_psyk_adm
