"""Returns what the description of the interface says of FHIR's shapes: their outline, and examples in two languages.

FHIR's own definitions are the description of a resource; they are not told again here.
"""

from __future__ import annotations

from typing import Any, get_args

from service.cds_hooks.words import Language
from service.fhir.examples import examples
from service.fhir.outcome import MEDIA_TYPE

PREFIX = "/fhir/"
DEFINITIONS = "https://hl7.org/fhir/R4/"
RESOURCE = {
    "type": "object",
    "required": ["resourceType"],
    "properties": {"resourceType": {"type": "string"}, "id": {"type": "string"}},
}
SHAPES: dict[str, dict[str, Any]] = {
    "FhirBundle": {
        "type": "object",
        "description": "A searchset, as FHIR R4 defines it.",
        "externalDocs": {"url": f"{DEFINITIONS}bundle.html"},
        "required": ["resourceType", "type", "link"],
        "properties": {
            "resourceType": {"const": "Bundle"},
            "type": {"const": "searchset"},
            "total": {"type": "integer"},
            "link": {"type": "array", "items": {"type": "object", "required": ["relation", "url"]}},
            "entry": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["resource", "search"],
                    "properties": {
                        "fullUrl": {"type": "string"},
                        "resource": RESOURCE,
                        "search": {
                            "type": "object",
                            "properties": {"mode": {"enum": ["match", "include", "outcome"]}},
                        },
                    },
                },
            },
        },
    },
    "FhirCapabilityStatement": {
        **RESOURCE,
        "description": "What is offered, as FHIR R4 defines it.",
        "externalDocs": {"url": f"{DEFINITIONS}capabilitystatement.html"},
    },
}


def describe(document: dict[str, Any]) -> None:
    """Add the shapes of what is answered below /fhir, and examples, to the document."""
    document["components"]["schemas"].update(SHAPES)
    for path, item in document["paths"].items():
        if not path.startswith(PREFIX):
            continue
        shape = "FhirCapabilityStatement" if path.endswith("/metadata") else "FhirBundle"
        for operation in item.values():
            operation["responses"]["200"]["content"] = {
                MEDIA_TYPE: {
                    "schema": {"$ref": f"#/components/schemas/{shape}"},
                    "examples": {one: {"value": examples(path, one)} for one in get_args(Language)},
                }
            }
