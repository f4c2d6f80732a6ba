"""The official report rules of the Danish patient register (LPR3, Bilag 1, v1.3) hold on every row simulated.

One test per rule, with its number; to be read by those who know the register. Quirks are off: what registers get wrong
is switched on elsewhere, on purpose. Contacts begun before 3 February 2019 have no such rules; where a rule makes sense
of them too, it is tested of them as well. What a rule is about must be there: a test of no rows says nothing.
"""

import pytest

from tests.unit.synthesis.regions import CLEAN, shared_region

PHYSICAL, DEATH = "'ALCA00'", "'ALCA10'"
ACUTE, PLANNED = "'ATA1'", "'ATA3'"
PSYCHIATRIC = "kont_ans_hovedspec = 'Psykiatri'"
ACTIONS = (
    "(SELECT k.*, count(*) FILTER (diag_kode_type = 'A') AS actions "
    "FROM lpr_a_kontakt AS k LEFT JOIN lpr_a_diagnose USING (dw_ek_kontakt) GROUP BY ALL)"
)


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Return a function that counts the rows a rule is about which break it; there must be some it is about."""
    region = shared_region(tmp_path_factory, "clean", **CLEAN)

    def count(table, *, about="true", unless):
        concerned, wrong = region.all(
            f"SELECT count(*), count(*) FILTER (NOT coalesce({unless}, false)) FROM {table} WHERE {about}"
        )[0]
        assert concerned > 0
        return wrong

    return count


def test_rule_05_11_a_contact_ends_after_it_starts(broken):
    unless = "kont_sluttidspunkt > kont_starttidspunkt"
    assert broken("lpr_a_kontakt", about="kont_sluttidspunkt IS NOT NULL", unless=unless) == 0


@pytest.mark.parametrize("table", ["lpr_adm", "t_psyk_adm"])
def test_rule_05_11_a_contact_of_lpr2_does_not_end_on_a_day_before_it_starts(broken, table):
    assert broken(table, unless="d_uddto >= d_inddto") == 0


def test_rule_05_14_a_finished_contact_has_exactly_one_action_diagnosis(broken):
    assert broken(ACTIONS, about="kont_sluttidspunkt IS NOT NULL", unless="actions = 1") == 0


def test_rule_05_15_a_contact_older_than_30_days_has_exactly_one_action_diagnosis(broken):
    about = "kont_starttidspunkt < TIMESTAMP '2025-03-01' - INTERVAL 30 DAY"
    assert broken(ACTIONS, about=about, unless="actions = 1") == 0


@pytest.mark.parametrize(
    "contacts, key, diagnoses, other",
    [("lpr_adm", "recnum", "lpr_diag", "recnum"), ("t_psyk_adm", "k_recnum", "t_psyk_diag", "v_recnum")],
)
def test_rule_05_14_a_contact_of_lpr2_has_exactly_one_action_diagnosis(broken, contacts, key, diagnoses, other):
    counted = (
        f"(SELECT k.{key}, count(*) FILTER (c_diagtype = 'A') AS actions FROM {contacts} AS k "
        f"LEFT JOIN {diagnoses} AS d ON d.{other} = k.{key} GROUP BY ALL)"
    )
    assert broken(counted, unless="actions = 1") == 0


def test_rule_05_14_the_action_diagnosis_is_the_one_the_contact_names(broken):
    named = "(FROM lpr_a_kontakt JOIN lpr_a_diagnose USING (dw_ek_kontakt))"
    assert broken(named, about="diag_kode_type = 'A'", unless="diag_kode = adiag") == 0


def test_rule_05_2x_every_contact_is_in_a_course_and_a_course_is_one_persons(broken):
    # a contact lies inside its course. Courses have no table of their own here, so no first and last day to hold a
    # contact against: what can hold is that there is one, that it is one person's, and that it is not for ever
    assert broken("lpr_a_kontakt", unless="dw_ek_forloeb IS NOT NULL") == 0
    courses = (
        "(SELECT count(DISTINCT pnr) AS people, max(kont_starttidspunkt) - min(kont_starttidspunkt) AS lasts "
        "FROM lpr_a_kontakt GROUP BY dw_ek_forloeb)"
    )
    assert broken(courses, unless="people = 1 AND lasts < INTERVAL 500 DAY") == 0


def test_rule_05_102_an_acute_physical_somatic_contact_has_a_reason(broken):
    about = f"prioritet = {ACUTE} AND kont_type = {PHYSICAL} AND NOT {PSYCHIATRIC}"
    assert broken("lpr_a_kontakt", about=about, unless="kont_aarsag IN ('ALCC01', 'ALCC02')") == 0


def test_rule_05_102_an_injury_is_an_accident(broken):
    about = f"prioritet = {ACUTE} AND NOT {PSYCHIATRIC} AND regexp_matches(adiag, '^D[ST]')"
    assert broken("lpr_a_kontakt", about=about, unless="kont_aarsag = 'ALCC02'") == 0


def test_rule_05_103_a_contact_with_psychiatry_has_no_reason(broken):
    assert broken("lpr_a_kontakt", about=PSYCHIATRIC, unless="kont_aarsag IS NULL") == 0


def test_rule_05_104_a_planned_contact_has_no_reason(broken):
    assert broken("lpr_a_kontakt", about=f"prioritet = {PLANNED}", unless="kont_aarsag IS NULL") == 0


def test_a_death_contact_is_acute(broken):
    # somebody brought in dead; people who die in hospital have a contact that ends with ALAC70, on the day of death
    assert broken("lpr_a_kontakt", about=f"kont_type = {DEATH}", unless=f"prioritet = {ACUTE}") == 0
    of_the_dead = "(FROM lpr_a_kontakt LEFT JOIN dod USING (pnr))"
    ended = "doddato = CAST(kont_sluttidspunkt AS DATE)"
    assert broken(of_the_dead, about="kont_afslutningsmaade = 'ALAC70'", unless=ended) == 0


def test_a_physical_contact_tells_where(broken):
    unless = "length(kont_ans) > 0 AND length(kont_ans_inst) > 0 AND length(kont_ans_hovedspec) > 0"
    assert broken("lpr_a_kontakt", about=f"kont_type = {PHYSICAL}", unless=unless) == 0


def test_kinds_priorities_and_endings_are_of_the_official_lists(broken):
    kinds = "kont_type IN ('ALCA00', 'ALCA01', 'ALCA03', 'ALCA10', 'ALCA20')"
    assert broken("lpr_a_kontakt", unless=f"{kinds} AND prioritet IN ({ACUTE}, {PLANNED})") == 0
    endings = "kont_afslutningsmaade IN ('ALAC01', 'ALAC20', 'ALAC40', 'ALAC50', 'ALAC60', 'ALAC70')"
    assert broken("lpr_a_kontakt", about="kont_sluttidspunkt IS NOT NULL", unless=endings) == 0
    assert broken("lpr_a_kontakt", about="kont_sluttidspunkt IS NULL", unless="kont_afslutningsmaade IS NULL") == 0
