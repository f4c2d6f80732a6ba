"""Where an offer is given: the nearest first, and what nobody knows said as such."""

from stratify.care.people import person
from stratify.care.where import where
from tests.unit.care.small import offer_of

OFFER = offer_of(places=["home", "hospital", "gp", "health_house", "phone"])


def test_places_one_has_to_get_to_come_the_nearest_first_and_unknown_ones_last():
    found = where(person({"km_to_acute_hospital": 31.25, "km_to_practice": 2.0, "municipality": "Skive"}), OFFER)
    assert found == [
        {"place": "gp", "name": None, "km": 2.0},
        {"place": "hospital", "name": "Viborg", "km": 31.2},
        {"place": "health_house", "name": None, "km": None},
    ]


def test_of_a_municipality_that_is_none_of_ours_no_hospital_is_named():
    assert [one["name"] for one in where(person({"municipality": "Odense"}), OFFER)] == [None] * 3


def test_an_offer_that_has_one_site_names_its_town_and_no_way_to_another():
    found = where(
        person({"km_to_acute_hospital": 4.0, "km_to_practice": 1.0, "municipality": "Aarhus"}),
        offer_of(places=["hospital", "gp"], site="Silkeborg"),
    )
    assert found == [
        {"place": "gp", "name": None, "km": 1.0},
        {"place": "hospital", "name": "Silkeborg", "km": None},
    ]


def test_what_comes_to_the_person_is_no_way_to_go():
    assert where(person({}), offer_of(places=["home", "phone", "video", "tablet", "outdoors"])) == []
