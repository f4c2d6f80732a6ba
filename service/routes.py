"""Returns the answers of the service: one person's look-up, their choices, the models, its own health.

Who is calling, and whether their role may do this, is settled before a body is parsed. Every look-up and choice, found,
unknown, failed or denied, is written to the audit log and committed before its answer is put together; when that fails
there is no answer (503).
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import PlainTextResponse

from service.answers import answer, at_once
from service.choice_shapes import ChoiceRequest, ChoicesAnswer, refuse, refuse_override
from service.choices import today
from service.edge import MODEL_VERSION
from service.guard import FromCaller, FromContext, Guarded, bearer
from service.looking import Asking, nightly, opened, to_write
from service.metrics import MEDIA_TYPE, told
from service.own_words import WordsAnswer, WordsRequest, refuse_words
from service.problem import ABOUT_PEOPLE, PLAIN, problem, responses
from service.questions import QUESTIONS, AnswerRequest, AnswerWritten, QuestionsAnswer, refuse_answer
from service.schemas import LookupAnswer, LookupRequest
from service.served import Row, Served
from service.status_shapes import Alive, ModelsAnswer, Ready, ServedMember
from service.told_facts import FactRequest, FactsAnswer, refuse_fact

api = APIRouter(prefix="/v1", route_class=Guarded, dependencies=[Depends(bearer)])
health = APIRouter()


@api.post("/scores:lookup", response_model=LookupAnswer, responses=responses(*ABOUT_PEOPLE))
def look_up(asked: LookupRequest, request: Request, context: FromContext, caller: FromCaller) -> Response:
    """Return one person's risks, reasons, missing data, stratum and offers, for their treatment.

    Roles: clinician and coordinator, with a treating relationship: the token's care context names this patient, or the
    caller's care team has an open action for them. A clinician may override in an emergency, with a reason. A person
    nobody knows, one outside the population and one who has said no to look-ups get the same answer, `no_advice`.
    With `basis` `store` the person is scored now, from the event store as it is, by the models that are served.
    """
    refuse_override(asked)
    reason = None if asked.override is None else asked.override.reason
    system, identifier = asked.patient.system, asked.patient.identifier

    def scored_now(served: Served, _: str) -> Row | None:
        return context.on_the_spot.from_store(served, system, identifier)

    asking = Asking(caller, system, identifier, "lookup", asked.purpose, reason)
    find = scored_now if asked.basis == "store" else nightly
    found = opened(context, request.state.request_id, asking, find)
    headers = {MODEL_VERSION: found.served.bundle.version}
    if found.row is not None and found.row.as_scored:
        return Response(at_once(found.served, found.row), headers=headers, media_type="application/json")
    return Response(answer(found.served, found.row).model_dump_json(), headers=headers, media_type="application/json")


@api.post("/choices", responses=responses(*ABOUT_PEOPLE))
def choose(
    asked: ChoiceRequest, request: Request, response: Response, context: FromContext, caller: FromCaller
) -> ChoicesAnswer:
    """Write down what a person chose of an offer or a preference, and return what is now in force.

    Roles: clinician and coordinator, with a treating relationship. A later choice takes the place of an earlier one,
    which is kept. A duty cannot be declined.
    """
    refuse(asked, context.store.current().care.catalogue, today())
    asking = Asking(caller, asked.patient.system, asked.patient.identifier, "choice", asked.purpose)
    served, name, entry = to_write(context, request.state.request_id, asking)
    response.headers[MODEL_VERSION] = served.bundle.version
    said = context.choices.add(entry("stored"), name, asked)
    return ChoicesAnswer(choices=[one.told() for one in said])


@api.post("/facts", responses=responses(*ABOUT_PEOPLE))
def tell_fact(
    asked: FactRequest, request: Request, response: Response, context: FromContext, caller: FromCaller
) -> FactsAnswer:
    """Write down a fact that a person or whoever knows has told, and return what was told and holds.

    Roles: clinician and coordinator, with a treating relationship. What is told outweighs what a register hints at, in
    every answer of this service, for a year; a later answer takes the place of an earlier one, which is kept.
    """
    refuse_fact(asked, context.store.current().care.catalogue)
    asking = Asking(caller, asked.patient.system, asked.patient.identifier, "fact", asked.purpose)
    served, name, entry = to_write(context, request.state.request_id, asking)
    response.headers[MODEL_VERSION] = served.bundle.version
    return FactsAnswer(facts=[one.told() for one in context.choices.tell(entry("stored"), name, asked)])


@api.post("/words", responses=responses(*ABOUT_PEOPLE))
def speak(
    asked: WordsRequest, request: Request, response: Response, context: FromContext, caller: FromCaller
) -> WordsAnswer:
    """Write down a person's strength or goal in their own words, or take it back; return those that hold.

    Roles: clinician and coordinator, with a treating relationship. They stand in the shared plan and in drafts of
    referrals; nothing is weighed by them.
    """
    refuse_words(asked)
    asking = Asking(caller, asked.patient.system, asked.patient.identifier, "own_words", asked.purpose)
    served, name, entry = to_write(context, request.state.request_id, asking)
    response.headers[MODEL_VERSION] = served.bundle.version
    return WordsAnswer(words=[one.told() for one in context.choices.speak(entry("stored"), name, asked)])


@api.get("/questions", responses=responses(*PLAIN))
def questions() -> QuestionsAnswer:
    """Return the three questions to people, in the words they are asked in. Any known role."""
    return QuestionsAnswer(questions=list(QUESTIONS))


@api.post("/answers", responses=responses(*ABOUT_PEOPLE))
def answer_written(
    asked: AnswerRequest, request: Request, response: Response, context: FromContext, caller: FromCaller
) -> AnswerWritten:
    """Write down what a person answered to one of three questions: chosen together, felt safe, too much.

    Roles: clinician and coordinator, with a treating relationship. Nobody has to answer. A later answer takes the place
    of an earlier one, which is kept.
    """
    refuse_answer(asked)
    asking = Asking(caller, asked.patient.system, asked.patient.identifier, "answer", asked.purpose)
    served, name, entry = to_write(context, request.state.request_id, asking)
    response.headers[MODEL_VERSION] = served.bundle.version
    return context.answers.add(entry("stored"), name, asked)


@api.get("/models/current", responses=responses(*PLAIN))
def current_models(response: Response, context: FromContext) -> ModelsAnswer:
    """Return the models that are served, their cards, and what could not be trained and why. Any known role."""
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.bundle.version
    manifest, cards = served.bundle.manifest, served.bundle.cards
    return ModelsAnswer(
        **served.model.model_dump(),
        data={**manifest["data"], "scored_covers_to": served.meta["covers_to"], "scored_source": served.meta["source"]},
        patient_system=served.meta["system"],
        members=[
            ServedMember(
                outcome=member["outcome"],
                population=member["population"],
                kind=member["kind"],
                name=member["name"],
                registered_version=member["registered_version"],
                card=dict(cards[key]),
            )
            for key, member in sorted(manifest["members"].items())
        ],
        not_trained=list(manifest["not_trained"]),
    )


@health.get("/livez")
def livez() -> Alive:
    """Return that the process answers."""
    return Alive()


@health.get("/metrics", response_class=PlainTextResponse)
def metrics(context: FromContext) -> Response:
    """Return what is counted, for Prometheus: routes, statuses, actions and outcomes, nothing of persons or users."""
    served = context.store.last
    content = told(
        ready=not context.readiness.reasons(),
        behind=context.store.behind,
        covers_to=served.meta["covers_to"],
        bundle=served.bundle.version,
    )
    return Response(content, media_type=MEDIA_TYPE)


@health.get("/readyz", response_model=Ready, responses=responses(503))
def readyz(request: Request, context: FromContext) -> Ready | Response:
    """Return whether look-ups can be answered; 503 with the reasons when not, in fixed words."""
    reasons = context.readiness.reasons()
    if reasons:
        return problem(503, request.state.request_id, reasons=reasons)
    notes = context.readiness.notes()
    return Ready(status="degraded" if notes else "ready", notes=notes)
