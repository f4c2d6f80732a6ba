"""A clinical system that is not ours calls the hooks over HTTP and gets cards: HealthChain's SandboxClient.

    make peer-hooks

Runs in an environment of its own (HealthChain caps FastAPI). The client sends no token by itself; here its HTTP client
is given one that signs each request, as a clinical system must. Ends with 1 where a person who should get a card gets
none, or where a call without a token is let in.
"""

import argparse
import json
import re
import signal
import subprocess
import sys
import urllib.request

import httpx
from healthchain.sandbox import SandboxClient, sandboxclient
from healthchain.sandbox.requestconstructors import CdsRequestConstructor
from healthchain.sandbox.workflows import Workflow

CONTEXTS = {
    "patient-view": {"userId": "Practitioner/1", "patientId": "p1"},
    "encounter-discharge": {"userId": "Practitioner/1", "patientId": "p1", "encounterId": "e1"},
}


class Signed(httpx.Auth):
    """Puts a fresh token on each request, as the demo's clinical system signs it."""

    def __init__(self, stratify, work):
        self.stratify, self.work = stratify, work

    def auth_flow(self, request):
        command = [self.stratify, "token", "--hook", str(request.url), "--work", self.work]
        token = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


def called(url, hook, people, system, auth):
    """What HealthChain's client was answered for each person."""
    plain = httpx.Client

    def signing(**kwargs):
        return plain(auth=auth, **kwargs)

    sandboxclient.httpx.Client = signing
    try:
        client = SandboxClient(url=url, workflow=hook)
        for person in people:
            patient = {"resourceType": "Patient", "id": "p1", "identifier": [{"system": system, "value": person}]}
            request = CdsRequestConstructor().construct_request({"patient": patient}, Workflow(hook), CONTEXTS[hook])
            client.requests.append(request)
        return client.send_requests()
    finally:
        sandboxclient.httpx.Client = plain


def served(stratify, work):
    """Start the demo; return the process, its address and the made-up person it shows."""
    process = subprocess.Popen([stratify, "serve", "--demo", "--port", "0", "--work", work], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    told = "".join(iter(process.stdout.readline, "Stop: Ctrl-C\n"))
    found = re.search(r"(http://127\.0\.0\.1:\d+)", told), re.search(r'"system": "(.+?)", "value": "(.+?)"', told)
    return process, found[0][1], found[1].groups()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stratify", default=".venv/bin/stratify", help="the command, of the product's environment")
    parser.add_argument("--work", default="work", help="a work folder with a made-up region")
    asked = parser.parse_args()
    process, address, (system, person) = served(asked.stratify, asked.work)
    try:
        right = tried(asked, address, system, person)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    sys.exit(not right)


def tried(asked, address, system, person):
    """Return whether the hook at the opening of a record gives a card, and none gives any without a token."""
    with urllib.request.urlopen(f"{address}/cds-services") as answer:
        services = json.load(answer)["services"]
    right = True
    for service in services:
        url = f"{address}/cds-services/{service['id']}"
        (told,) = called(url, service["hook"], [person], system, Signed(asked.stratify, asked.work))
        for card in told.get("cards", []):
            print(f"{service['hook']}: {card['summary']} ({len(card['suggestions'])} suggestions)")
        if "cards" not in told:
            print(f"{service['hook']}: no cards; this client leaves context.encounterId out, which is required")
        unsigned = called(url, service["hook"], [person], system, None)
        print(f"{service['hook']} without a token: refused" if unsigned == [{}] else "LET IN WITHOUT A TOKEN")
        right &= unsigned == [{}] and (service["hook"] != "patient-view" or bool(told.get("cards")))
    return right


if __name__ == "__main__":
    main()
