"""What a clinical system sends along: what is not there in three ways, whose it is, and what is refused."""

import json

import pytest

from stratify.fhir.declared import declared
from stratify.fhir.refusal import ChartRefusedError
from tests.unit.fhir.writer import bundle, condition, encounter, observation, patient, prefetch, statement

SECRET = "0101011234"
KEYS = list(declared().prefetch)
OPTIONAL = [key for key, one in declared().prefetch.items() if not one.required]
FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def chart(**more):
    return prefetch(conditions=[condition("DI509", "2020-01-01")]) | more


def refused(read, sent):
    with pytest.raises(ChartRefusedError) as error:
        read(sent)
    assert SECRET not in str(error.value) + error.value.text.da
    return error.value


# --- not sent, not there, not to be had ------------------------------------------------------------------------------


def test_a_whole_prefetch_lacks_nothing_but_what_no_chart_tells(gaps):
    assert gaps(chart()) == {}


@pytest.mark.parametrize("key", OPTIONAL)
def test_what_was_not_sent_is_not_there_and_could_not_be_fetched_are_told_apart(gaps, key):
    without = {name: value for name, value in chart().items() if name != key}
    assert gaps(without) == {f"not_sent_{key}": None}
    assert gaps(chart(**{key: None})) == {f"none_there_{key}": None}
    assert gaps(chart(**{key: FAILED})) == {f"failed_{key}": None}


@pytest.mark.parametrize(
    "key, domains",
    [("encounters", {"contact", "stay"}), ("observations", {"lab"}), ("conditions", set())],
)
def test_a_domain_that_was_not_sent_is_unknown_and_an_empty_one_is_empty(read, key, domains):
    assert domains <= set(read(chart()).records.measurable["domains"])
    if key in OPTIONAL:
        assert not domains & set(read(chart(**{key: None})).records.measurable["domains"])


def test_either_list_of_medicine_tells_medicine(read):
    for key in ("medicationStatements", "medicationRequests"):
        assert read(chart(**{key: None})).records.has("drug")
    both = dict.fromkeys(("medicationStatements", "medicationRequests"))
    assert not read(chart(**both)).records.has("drug")


@pytest.mark.parametrize("key", ["patient", "conditions"])
def test_without_patient_or_conditions_there_is_no_answer(read, key):
    without = {name: value for name, value in chart().items() if name != key}
    for sent, reason in ((without, "missing"), (chart(**{key: None}), "missing"), (chart(**{key: FAILED}), "failed")):
        error = refused(read, sent)
        assert (error.reason, error.key, error.status) == (reason, key, 412)


@pytest.mark.parametrize(
    "more",
    [{"link": [{"relation": "next", "url": "x"}]}, {"total": 7}, {"entry": [{"resource": FAILED}]}],
)
def test_a_list_that_is_only_a_part_is_told(gaps, more):
    assert gaps(chart(observations=bundle() | more)) == {"incomplete_observations": None}


def test_a_list_that_is_whole_is_not(gaps):
    whole = bundle(observation("NPU27300", "2025-01-01", 48.0), total=1, link=[{"relation": "self", "url": "x"}])
    assert gaps(chart(observations=whole)) == {}


# --- what it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "value",
    [[], "x", 5, True, {}, {"resourceType": None}, {"resourceType": 5}, {"resourceType": "Bundle", "entry": {}},
     {"resourceType": "Bundle", "entry": [None]}, {"resourceType": "Bundle", "entry": ["x"]},
     {"resourceType": "Bundle", "entry": [{"resource": None}]}, {"resourceType": "Bundle", "entry": [{}]},
     {"resourceType": "Bundle", "entry": None}, {"resourceType": "Bundle", "entry": [{"resource": {"id": SECRET}}]}],
)  # fmt: skip
def test_what_is_no_resource_is_refused_by_its_key(read, key, value):
    error = refused(read, chart(**{key: value}))
    assert (error.reason, error.key, error.status) == ("not_fhir", key, 422)


@pytest.mark.parametrize("sent", [None, [], "x", 7])
def test_what_is_no_prefetch_is_refused(read, sent):
    assert refused(read, sent).reason == "not_fhir"


@pytest.mark.parametrize("key", KEYS)
def test_another_type_than_was_asked_for_is_refused(read, key):
    stranger = {"resourceType": "Appointment", "id": SECRET}
    for value in (stranger, bundle(stranger)):
        error = refused(read, chart(**{key: value}))
        assert (error.reason, error.key) == ("wrong_type", key)


def test_what_a_search_includes_may_be_of_another_type(gaps):
    included = {"resource": {"resourceType": "Practitioner"}, "search": {"mode": "include"}}
    assert gaps(chart(encounters={"resourceType": "Bundle", "entry": [included]})) == {}


def test_one_resource_may_stand_without_a_bundle(events):
    sent = chart(conditions=condition("DI509", "2020-01-01"))
    assert len(events(sent, "diagnosis", "code")) == 1


def test_ten_thousand_entries_are_refused_before_they_are_read(read):
    sent = chart(observations=bundle(*[observation("NPU27300", "2025-01-01", 48.0)] * 10_000))
    assert refused(read, sent).reason == "too_many"


# --- whose it is -----------------------------------------------------------------------------------------------------


MINE = ["Patient/p1", "https://ehr.example/fhir/Patient/p1", "Patient/p1/_history/3"]
OTHERS = ["Patient/p2", "https://ehr.example/fhir/Patient/p2", f"Patient/{SECRET}"]
NOBODYS = [
    None,
    "",
    "p1",
    "#p1",
    "Group/p1",
    "urn:uuid:6f1d",
    "Patient?identifier=x",
    "Patient/" + "x" * 1000,
    5,
    ["x"],
]


@pytest.mark.parametrize("make", [
    lambda: condition("DE119", "2020-01-01"), lambda: statement("A10BA02", "2024-01-01"),
    lambda: encounter("AMB", "2024-01-01"), lambda: observation("NPU27300", "2024-01-01", 50.0),
])  # fmt: skip
def test_what_is_another_patients_or_nobodys_refuses_the_whole_chart(read, make):
    kind = make()["resourceType"]
    key = next(key for key, one in declared().prefetch.items() if kind in one.types)

    def sent(reference):
        known = [condition("DI509", "2020-01-01")] if key == "conditions" else []
        return chart(**{key: bundle(*known, {**make(), "subject": {"reference": reference}})})

    for reference in MINE:
        read(sent(reference))
    for reference in OTHERS:
        assert refused(read, sent(reference)).reason == "other_patient"
    for reference in NOBODYS:
        assert refused(read, sent(reference)).reason == "nobodys"
    for subject in ({}, None, [], "Patient/p1", {"display": SECRET}):
        one = {**make(), "subject": subject}
        assert refused(read, chart(**{key: bundle(one)})).reason == "nobodys"


def test_one_id_on_two_servers_is_not_taken_for_one_person(read):
    there = [{**condition("DE119", "2020-01-01"), "subject": {"reference": f"https://{host}/Patient/p1"}}
             for host in ("a", "b")]  # fmt: skip
    read(chart(conditions=bundle(there[0], there[0])))
    assert refused(read, chart(conditions=bundle(*there))).reason == "other_patient"


def test_a_patient_may_be_named_by_their_number(read):
    def named(value, system="urn:oid:1.2.208.176.1.2"):
        subject = {"identifier": {"system": system, "value": value}}
        who = patient(system="urn:oid:1.2.208.176.1.2", value=SECRET)
        return prefetch(conditions=[{**condition("DE119", "2020-01-01"), "subject": subject}], who=who)

    read(named(SECRET))
    read(named("010101-1234"))
    assert refused(read, named("0202021234")).reason == "other_patient"
    assert refused(read, named(SECRET, system="urn:other")).reason == "nobodys"


def test_a_patient_without_an_id_has_nothing_that_refers_to_them(read):
    who = {name: value for name, value in patient().items() if name != "id"}
    assert refused(read, chart(patient=who)).reason == "nobodys"


def test_two_patients_in_one_chart_are_refused(read):
    other = {"resource": patient() | {"id": "p2"}, "search": {"mode": "include"}}
    encounters = {"resourceType": "Bundle", "entry": [other]}
    assert refused(read, chart(encounters=encounters)).reason == "other_patient"
    again = {"resource": patient(), "search": {"mode": "include"}}
    read(chart(encounters={"resourceType": "Bundle", "entry": [again]}))


@pytest.mark.parametrize(
    "more, reason",
    [
        ({"deceasedBoolean": True}, "deceased"),
        ({"deceasedDateTime": "2025-01-01"}, "deceased"),
        ({"deceasedDateTime": "nonsense"}, "deceased"),
        ({"active": False}, "not_in_use"),
        ({"link": [{"type": "replaced-by", "other": {"reference": "Patient/p9"}}]}, "not_in_use"),
        ({"modifierExtension": [{"url": "x"}]}, "not_in_use"),
        ({"birthDate": None}, "no_birth_date"),
        ({"birthDate": "in spring"}, "no_birth_date"),
        ({"birthDate": ["1950-01-01"]}, "no_birth_date"),
    ],
)
def test_whom_nobody_scores_is_refused(read, more, reason):
    assert refused(read, chart(patient={**patient(), **more})).reason == reason


@pytest.mark.parametrize("more", [{"deceasedBoolean": False}, {"active": True}, {"link": [{"type": "seealso"}]}])
def test_whom_a_chart_says_nothing_against_is_read(read, more):
    read(chart(patient={**patient(), **more}))


def test_a_birth_date_may_be_a_year_and_that_is_told(gaps, read):
    assert gaps(chart(patient=patient(born="1950"))) == {"birth": None}
    assert read(chart(patient=patient(gender="other"))).records.people["sex"].tolist() == [0]


# --- odd entries -----------------------------------------------------------------------------------------------------


def test_what_is_sent_twice_counts_once_and_is_told(gaps, events):
    one = observation("NPU27300", "2025-01-01", 48.0, id="o1")
    corrected = observation("NPU27300", "2025-01-01", 52.0, id="o1")
    sent = chart(observations=bundle(one, corrected))
    assert events(sent, "lab", "value") == [(-68, 52.0)]
    assert gaps(sent) == {"again": 1}


def test_a_modifier_that_nobody_understands_takes_the_entry_out(gaps, events):
    sent = chart(observations=bundle(observation("NPU27300", "2025-01-01", 48.0, modifierExtension=[{"url": "x"}])))
    assert events(sent, "lab") == []
    assert gaps(sent) == {"modified": 1}


@pytest.mark.parametrize("huge", ["x" * 1_000_000, ["x"] * 1000, {"a": {"b": {}}}, None, 5, -1.5, True])
def test_anything_may_stand_anywhere_in_an_entry(read, huge):
    base = [condition("DI509", "2020-01-01"), statement("A10BA02", "2024-01-01"), encounter("IMP", "2024-01-01"),
            observation("NPU27300", "2024-01-01", 50.0)]  # fmt: skip
    for one in base:
        for name in one:
            if name in ("resourceType", "subject"):
                continue
            key = next(key for key, asked in declared().prefetch.items() if one["resourceType"] in asked.types)
            sound = [condition("DI509", "2020-01-01")] if key == "conditions" else []
            read(chart(**{key: bundle(*sound, {**one, name: huge})}))


def test_nothing_of_a_chart_stands_in_what_it_lacks(read):
    odd = [
        condition(SECRET, "2020-01-01"), condition("DI509", SECRET), condition("DI509", "2020-01-01", id=SECRET),
    ]  # fmt: skip
    told = read(chart(conditions=bundle(*odd), observations=bundle(observation(SECRET, SECRET)))).gaps
    assert SECRET not in json.dumps(told)
