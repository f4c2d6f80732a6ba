"""Quality targets: the list, everything told of one, one series of it, and what calls for follow-up."""

import json
import sqlite3
import time
import zlib

import pytest

CONCERN = ("hospital", "Horsens")


def get(client, token, path, **query):
    return client.send("GET", f"/v1/targets{path}", token=token("quality"), params=query)


def test_the_list_is_one_line_each_and_of_those_followed_up_where_asked(client, token):
    def names(**query):
        return [one["id"] for one in get(client, token, "", **query).json()["targets"]]

    assert names() == ["hba1c_measured", "rare", "unmeasured"]
    assert names(chosen="true") == ["hba1c_measured", "rare"]
    assert names(chosen="false") == ["unmeasured"]
    refused = get(client, token, "", chosen="MARK")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/chosen"
    assert "MARK" not in refused.text
    assert get(client, token, "", chose="true").status_code == 422  # passed over it would find more than was asked for
    assert get(client, token, "/hba1c_measured", levels="hospital").status_code == 422
    twice = get(client, token, "", chosen=["true", "false"])
    assert twice.status_code == 422
    assert twice.json()["errors"] == [{"pointer": "/chosen", "problem": "stands twice"}]


def test_everything_that_is_told_of_a_target_is_there_with_its_line(client, token, workspace):
    answer = get(client, token, "/hba1c_measured")
    told = answer.json()
    with sqlite3.connect(workspace.serving_db) as connection:
        (packed,) = connection.execute("SELECT told FROM target WHERE id = 'hba1c_measured'").fetchone()
    connection.close()
    assert told["told"] == json.loads(zlib.decompress(packed))
    assert told["target"]["id"] == "hba1c_measured"
    assert told["data_as_of"] == "2024-12-31"
    assert answer.headers["x-model-version"]


def test_one_level_or_one_unit_is_told_alone(client, token):
    level = get(client, token, "/hba1c_measured", level="hospital").json()["told"]
    assert set(level["series"]) == {"hospital"}
    assert set(level["series"]["hospital"]) == {"Aarhus", "Horsens", "Randers"}
    unit = get(client, token, "/hba1c_measured", level="hospital", unit="Horsens").json()
    assert list(unit["told"]["series"]["hospital"]) == ["Horsens"]
    assert {"units", "gaps"} & set(unit["told"]) == set()
    assert [(one["level"], one["unit"]) for one in unit["proposals"]] == [CONCERN]
    assert unit["told"]["name"]["en"] == "hba1c_measured"


NOT_THERE = {
    "no such target": ("/hba1c_mesured", {}, "/target", "did you mean 'hba1c_measured'"),
    "nothing like it": ("/zzzz", {}, "/target", "no such target"),
    "no such level": ("/hba1c_measured", {"level": "hospitals"}, "/level", "did you mean 'hospital'"),
    "no such unit": ("/hba1c_measured", {"level": "hospital", "unit": "Horsen"}, "/unit", "did you mean 'Horsens'"),
    "a unit of no level": ("/hba1c_measured", {"unit": "Horsens"}, "/level", "name the level"),
    "nothing is measured": ("/unmeasured", {"level": "region"}, "/level", "told for no level"),
}


@pytest.mark.parametrize("name", NOT_THERE)
def test_what_is_not_there_is_a_404_with_the_nearest_and_nothing_repeated(name, client, token):
    path, query, place, words = NOT_THERE[name]
    answer = get(client, token, path, **query)
    assert answer.status_code == 404
    (problem,) = answer.json()["errors"]
    assert problem["pointer"] == place
    assert words in problem["problem"]
    assert "zzzz" not in answer.text


SMALL = {
    "a numerator": lambda line: line["numerator"].__setitem__(3, 4),
    "those left": lambda line: line["numerator"].__setitem__(3, 198),
    "an unknown": lambda line: line["unknown"].__setitem__(3, 2),
    "a value behind a hidden count": lambda line: line["numerator"].__setitem__(3, None),
    "a hidden row with its count": lambda line: line["hidden"].__setitem__(3, True),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_file_that_would_show_few_people_is_no_answer(name, client, token, workspace, caplog):
    with sqlite3.connect(workspace.serving_db) as connection:
        (packed,) = connection.execute("SELECT told FROM target WHERE id = 'hba1c_measured'").fetchone()
        told = json.loads(zlib.decompress(packed))
        assert get(client, token, "/hba1c_measured").status_code == 200  # and so checked once
        SMALL[name](told["series"]["hospital"]["Aarhus"])
        packed = zlib.compress(json.dumps(told).encode())
        connection.execute("UPDATE target SET told = ? WHERE id = 'hba1c_measured'", (packed,))
    connection.close()
    for path in ("/hba1c_measured", ":proposals", "/hba1c_measured/examples"):
        assert get(client, token, path).status_code == 503
    assert "series/hospital/Aarhus: row 3" in caplog.text
    assert get(client, token, "/rare").status_code == 200


def test_what_is_damaged_is_no_answer(client, token, workspace):
    with sqlite3.connect(workspace.serving_db) as connection:
        connection.execute("UPDATE target SET told = 'x' WHERE id = 'rare'")
    connection.close()
    assert get(client, token, "/rare").status_code == 503


def test_units_that_call_for_follow_up_are_proposed_with_why_since_when_and_whose(client, token):
    answer = get(client, token, ":proposals").json()
    region, horsens = (one for one in answer["proposals"] if one["target"] == "hba1c_measured")
    assert (region["level"], region["unit"], region["owner_role"]) == ("region", "", "region_quality_lead")
    assert region["reasons"] == [
        {"because": "standard", "since": "2024"},
        {"because": "fails", "since": "2023-01"},
    ]
    assert (horsens["unit"], horsens["owner_role"]) == ("Horsens", "hospital_management")
    assert horsens["reasons"] == [{"because": "concern", "since": "2024-12"}]
    assert horsens["look_first"][0]["id"] == "real_change"
    assert {one["id"] for one in horsens["look_first"]} == {"registration_fault", "case_mix", "real_change"}
    assert answer["data_as_of"] == "2024-12-31"


def test_nobodys_unit_and_what_holds_are_not_proposed_and_nothing_is_opened_by_itself(client, token):
    told = get(client, token, ":proposals").json()["proposals"]
    assert not {one["unit"] for one in told} & {"not told", "Aarhus", "Randers"}
    listed = client.send("POST", "/v1/actions:search", json={"about": "targets"}, token=token("quality"))
    assert listed.json()["actions"] == []


def test_a_target_of_a_hundred_kilobytes_is_answered_within_a_tenth_of_a_second(client, token, workspace):
    with sqlite3.connect(workspace.serving_db) as connection:
        (packed,) = connection.execute("SELECT told FROM target WHERE id = 'hba1c_measured'").fetchone()
        told = json.loads(zlib.decompress(packed))
        units = told["series"]["hospital"]
        units |= {f"H{nth}": units["Aarhus"] for nth in range(60)}
        text = json.dumps(told).encode()
        connection.execute("UPDATE target SET told = ? WHERE id = 'hba1c_measured'", (zlib.compress(text),))
    connection.close()
    assert len(text) > 100_000
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        assert get(client, token, "/hba1c_measured").status_code == 200
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.1
