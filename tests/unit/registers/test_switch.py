"""Whether a store holds both sides of the change from LPR2 to LPR_A is found out from what landed."""

ANNA = "000012345678"

ADM = f"""
    pnr|recnum|d_inddto|d_uddto|c_pattype|c_indm|c_adiag|v_indtime|v_indminut|c_sgh
    {ANNA}|r1|2017-03-01|2017-03-05|0|1|DI509|8|0|7005
    """
DIAG = """
    recnum|c_diag|c_diagtype
    r1|DI509|A
    """
OLD_ERA = f"""
    pnr|dw_ek_kontakt|kont_starttidspunkt|kont_sluttidspunkt|kont_type|prioritet|kont_ans_hovedspec|lprindberetningssystem
    {ANNA}|k0|2018-03-01 08:00|2018-03-03 10:00|ALCA00|ATA1|intern medicin|LPR2
    {ANNA}|k1|2019-03-01 08:00|2019-03-03 10:00|ALCA00|ATA1|intern medicin|LPR3
    """
NEW = "\n".join(line for line in OLD_ERA.splitlines() if "|k0|" not in line)
BOTH = {"day": "2019-02-03", "domains": ["contact", "stay", "diagnosis"], "least_share": 0.5}


def test_lpr2_beside_lpr_a_are_two_generations(landed, extract):
    found = landed(extract(lpr_a_kontakt=NEW, lpr_adm=ADM, lpr_diag=DIAG)).found
    assert found.measurable["switch"] == BOTH


def test_rows_of_the_lpr2_era_in_lpr_a_are_the_older_generation_too(landed, extract):
    assert landed(extract(lpr_a_kontakt=OLD_ERA)).found.measurable["switch"] == BOTH


def test_one_generation_alone_has_no_switch(landed, extract):
    assert "switch" not in landed(extract()).found.measurable
