"""Definitions: their ids, who they hold for, and which codes may stand on one side only."""

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.definitions import (
    DEFINITIONS,
    DELPHI,
    MULTIMORBID,
    MULTIMORBIDITY_DEFINITION,
    PSYCHIATRIC_SOMATIC,
    PSYCHIATRIC_SOMATIC_DEFINITION,
    QUALIFYING,
    Known,
    chosen,
    coded_pairs,
    extra_pairs,
    sharing,
)
from stratify.errors import UsageError
from stratify.morbidity import code_groups

CATALOGUE = load()
IDS = tuple(CATALOGUE.conditions)


def known(diagnosed=(), shared=(), drugs=(), czech=False):
    """One person: conditions by a code of their own, by a code shared with the other care, by drugs."""

    def row(*keys):
        return np.array([[key in keys for key in IDS]])

    return Known(
        ids=IDS,
        conditions=CATALOGUE.conditions,
        diagnosed=row(*diagnosed, *shared),
        alone=row(*diagnosed),
        drugs=row(*drugs),
        coded={"smi.czech": np.array([czech])},
    )


def holds(name, **told):
    return bool(DEFINITIONS[name].holds(known(**told))[0])


def test_the_definitions_have_ids_that_do_not_change():
    assert MULTIMORBIDITY_DEFINITION == "DK39-2"
    assert PSYCHIATRIC_SOMATIC_DEFINITION == "PSYKSOM-1"
    assert [one.id for one in MULTIMORBID] == ["DK39-2", "DK39-DX-2", "DELPHI-PART-2", "TONELLI30-2"]
    assert [one.id for one in PSYCHIATRIC_SOMATIC] == ["PSYKSOM-1", "PSYKSOM-1-DX", "DK39-DX-PSYKSOM-0"]
    assert len(DEFINITIONS) == 11


def test_a_definition_is_chosen_by_its_id_and_a_wrong_one_is_told_with_those_there_are():
    assert chosen("DK39-DX-2", MULTIMORBID).id == "DK39-DX-2"
    with pytest.raises(UsageError, match="out of DK39-2, DK39-DX-2, DELPHI-PART-2, TONELLI30-2; got 'DK40'"):
        chosen("DK40", MULTIMORBID)


@pytest.mark.parametrize(
    "told, by_either, by_diagnosis",
    [
        ({"diagnosed": ["af", "gout"]}, True, True),
        ({"diagnosed": ["af"], "drugs": ["gout"]}, True, False),
        ({"drugs": ["pain", "distress"]}, True, False),
        ({"diagnosed": ["gout"], "drugs": ["gout"]}, False, False),
        ({"diagnosed": ["copd", "copd_asthma"]}, False, False),
        ({"shared": ["alcohol", "liver"]}, True, True),
        ({}, False, False),
    ],
)
def test_two_or_more_are_multimorbid(told, by_either, by_diagnosis):
    assert holds("DK39-2", **told) is by_either
    assert holds("DK39-DX-2", **told) is by_diagnosis


def test_the_delphi_panels_list_counts_its_own_conditions():
    assert set(DELPHI) <= set(IDS)
    assert holds("DELPHI-PART-2", diagnosed=["hf", "copd"])
    assert not holds("DELPHI-PART-2", diagnosed=["hf", "hypertension", "depression"])


@pytest.mark.parametrize(
    "told, expected",
    [
        ({"diagnosed": ["schizophrenia", "gout"]}, True),
        ({"diagnosed": ["gout"], "drugs": ["mood_anxiety"]}, True),
        ({"drugs": ["mood_anxiety", "hypertension"]}, True),
        ({"diagnosed": ["dementia", "gout"]}, False),
        ({"diagnosed": ["gout"], "drugs": ["distress"]}, False),
        ({"diagnosed": ["schizophrenia", "mood_anxiety"]}, False),
        ({"diagnosed": ["schizophrenia"], "drugs": ["distress"]}, False),
        ({"shared": ["alcohol", "liver"]}, False),
        ({"shared": ["alcohol", "liver", "neuropathy"]}, False),
        ({"shared": ["alcohol", "liver"], "diagnosed": ["gout"]}, True),
        ({"shared": ["alcohol", "liver"], "diagnosed": ["mood_anxiety"]}, True),
        ({"shared": ["liver"], "diagnosed": ["alcohol"]}, True),
        ({"shared": ["alcohol"], "diagnosed": ["liver"]}, True),
        ({"shared": ["alcohol", "liver"], "drugs": ["alcohol"]}, True),
        ({"shared": ["alcohol", "liver"], "drugs": ["distress"]}, False),
        ({"shared": ["alcohol", "liver"], "diagnosed": ["dementia"]}, False),
    ],
)
def test_mind_and_body_are_told_by_different_records(told, expected):
    assert holds("PSYKSOM-1", **told) is expected
    if not told.get("drugs"):
        assert holds("PSYKSOM-1-DX", **told) is expected


def test_the_older_definition_is_kept_with_what_it_counted():
    assert holds("DK39-DX-PSYKSOM-0", diagnosed=["dementia", "gout"])
    assert holds("DK39-DX-PSYKSOM-0", shared=["alcohol", "liver"])
    assert not holds("DK39-DX-PSYKSOM-0", diagnosed=["gout"], drugs=["mood_anxiety"])


def test_severe_mental_illness_lies_within_and_dementia_beside():
    assert holds("PSYKSOM-1-SMI", diagnosed=["bipolar", "gout"])
    assert not holds("PSYKSOM-1-SMI", diagnosed=["bipolar"])
    assert not holds("PSYKSOM-1-SMI", diagnosed=["depression", "mood_anxiety", "gout"])
    assert holds("PSYKSOM-1-SMI-BROAD", diagnosed=["depression", "mood_anxiety", "gout"])
    assert holds("PSYKSOM-1-SMI-CZECH", diagnosed=["mood_anxiety", "gout"], czech=True)
    assert not holds("PSYKSOM-1-SMI-CZECH", diagnosed=["gout"], czech=True)
    assert holds("DEMENTIA-SOM", diagnosed=["dementia", "gout"])
    assert not holds("DEMENTIA-SOM", diagnosed=["dementia"])


def test_every_variant_by_diagnosis_lies_within_the_default():
    rng = np.random.default_rng(4)
    cells = rng.random((3, 800, len(IDS))) < 0.04
    people = Known(IDS, CATALOGUE.conditions, cells[0] | cells[1], cells[0], cells[2], {"smi.czech": cells[0][:, 0]})
    told = {name: one.holds(people) for name, one in DEFINITIONS.items()}
    assert not (told["DK39-DX-2"] & ~told["DK39-2"]).any()
    assert not (told["PSYKSOM-1-DX"] & ~told["PSYKSOM-1"]).any()
    for name in ("PSYKSOM-1-SMI", "PSYKSOM-1-SMI-CZECH", "PSYKSOM-1-SMI-BROAD"):
        assert told[name].any()
        assert not (told[name] & ~told["PSYKSOM-1"]).any()
    assert not (told["PSYKSOM-1"] & ~told["DK39-2"]).any()


def test_codes_of_both_cares_are_those_of_alcohol():
    assert sharing(CATALOGUE) == ("alcohol", "liver", "neuropathy")
    assert set(QUALIFYING) < set(IDS)


@pytest.mark.parametrize(
    "code, alone",
    [
        ("K703", set()),
        ("G621", set()),
        ("F102", {"alone.alcohol"}),
        ("K746", {"alone.liver"}),
        ("G629", {"alone.neuropathy"}),
        ("I426", {"alone.alcohol"}),
        ("I509", set()),
    ],
)
def test_a_code_stands_alone_where_its_conditions_are_of_one_care(code, alone):
    assert set(extra_pairs(code_groups([code], CATALOGUE), CATALOGUE)) == {(code, group) for group in alone}


def test_the_czech_definition_has_codes_of_its_own():
    told = {code for code, _ in coded_pairs(["F200", "F239", "F319", "F322", "F329", "F333", "F410", "G300"])}
    assert told == {"F200", "F239", "F319", "F322", "F333"}
