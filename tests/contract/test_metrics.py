"""What is counted tells how the service is, and nothing of anybody."""

import re

from service.demo import CARE_TEAM
from stratify.pseudonym import pseudonym, read_key


def _counts(client):
    text = client.send("GET", "/metrics", token=None).text
    return {name: float(value) for name, value in re.findall(r"^(\S+) (\S+)$", text, re.M) if not name.startswith("#")}


def _more(before, after):
    return {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}


def test_requests_and_rows_of_the_log_are_counted_by_route_status_action_and_outcome(client, people, token):
    before = _counts(client)
    client.look_up(people.stored)
    client.look_up(people.outside)
    client.look_up(people.stored, token=token("quality"))
    client.look_up(people.stored, token="none")
    client.send("GET", "/nowhere")
    more = _more(before, _counts(client))
    look_up = 'stratify_requests_total{method="POST",route="/v1/scores:lookup",status="%s"}'
    assert [more[look_up % status] for status in (200, 403, 401)] == [2, 1, 1]
    assert more['stratify_requests_total{method="GET",route="-",status="404"}'] == 1
    row = 'stratify_audit_rows_total{action="lookup",outcome="%s"}'
    assert [more[row % outcome] for outcome in ("found", "not_found", "denied")] == [1, 1, 1]
    assert more['stratify_request_seconds_count{route="/v1/scores:lookup"}'] == 4


def test_it_tells_whether_look_ups_are_answered_and_how_old_the_data_is(client, workspace, promote, app):
    counts = _counts(client)
    assert counts["stratify_ready"] == 1
    assert counts["stratify_behind"] == 0
    assert counts["stratify_data_age_days"] > 600
    assert counts[f'stratify_served{{bundle="{workspace.champion.read_text().strip()}"}}'] == 1
    app.state.context.store.behind = True
    assert _counts(client)["stratify_behind"] == 1


def test_nothing_of_anybody_is_counted(client, people, token, workspace):
    client.look_up(people.stored, token=token("clinician", user="MARK-user"))
    client.send("GET", f"/v1/{people.stored}")
    text = client.send("GET", "/metrics", token=None).text
    name = pseudonym(read_key(workspace.keys / "pseudonym.key"), people.system, people.stored)
    for secret in (people.stored, name, "MARK", CARE_TEAM, people.system):
        assert secret not in text


def test_after_another_bundle_the_one_before_is_served_no_more(client, promote, rescore, workspace, app):
    before = workspace.champion.read_text().strip()
    _counts(client)
    after = promote(0.5)
    rescore(after)
    app.state.context.store.refresh()
    counts = _counts(client)
    assert [counts[f'stratify_served{{bundle="{one}"}}'] for one in (before, after)] == [0, 1]
