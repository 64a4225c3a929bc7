"""Asks Cedar's Python package what the statutes say, with nothing of ours: the rows are read here from their files.

evaluate.py <lines

Each line of the input is a JSON object. The first is `{"files": {path: text}}`, a catalogue whose statutes hold for all that
follows. `{"edited": {path: text}}` begins with its rows and other texts for some of them; it may be empty. Every other
one is a question, and what the product did. At the end what disagrees is printed, one line each; the last line is the
number of answers of Cedar.
"""
import datetime
import functools
import itertools
import json
import sys
import tomllib

import cedarpy
from dateutil.relativedelta import relativedelta

# The day of every question.
START = datetime.datetime(2026, 11, 22)
UNITS = {"Y": "years", "M": "months", "W": "weeks", "D": "days", "H": "hours"}


def uid(of, name):
    return {"__entity": {"type": of, "id": name}}


def entity(of, name, parents=(), within="Class", **attributes):
    parents = [{"type": within, "id": parent} for parent in parents]
    return {"uid": {"type": of, "id": name}, "attrs": attributes, "parents": parents}


def uids(of, names):
    return [uid(of, name) for name in sorted(names)]


@functools.cache
def seconds(period):
    """The length of `P5Y` or `PT1H` from the day of the questions on."""
    span, number = relativedelta(), ""
    for char in period.removeprefix("P").replace("T", ""):
        if char.isdigit():
            number += char
        else:
            span += relativedelta(**{UNITS[char]: int(number)})
            number = ""
    return int((START + span - START).total_seconds())


class Catalogue:
    """The rows of a catalogue, as Cedar's entities."""

    def __init__(self, files, schema):
        self.classes, self.fields, self.rows = {}, {}, {}
        for row in rows(files, "data-list"):
            self.classes[row["class"]] = row
            for field in row.get("field", []):
                shape = "masked" if "masks" in field else "whole"
                self.fields[field["name"]] = (shape, "attribute", {row["class"]})
        derived = {row["name"]: row["reducer"] for file in rows(files, "derived") for row in file["field"]}
        for name in derived:
            self.derive(name, derived)
        for row in rows(files, "scenarios"):
            self.rows[row["scenario"]] = row
        self.catalogue = parsed(files["catalogue.toml"])
        self.sources = {row["source"]: row for row in rows(files, "sources")}
        # Which fields an article carries is asked for by the schema that knows of it.
        self.knows_grounds = "grounded" in files["statutes/schema.cedarschema"]
        entities = [self.class_entity(name) for name in self.classes]
        entities += [self.field_entity(name) for name in self.fields]
        entities += [self.scenario_entity(row) for row in self.rows.values()]
        kinds = self.catalogue["institution_kind"].items()
        counted = [(kind, row["counts_as"]) for kind, row in kinds if "counts_as" in row]
        entities += [entity("Asker", kind, [other], within="Asker") for kind, other in counted]
        self.entities = cedarpy.Entities.from_json_str(json.dumps(entities), schema)

    def derive(self, name, derived):
        """Shape, origin and classes of a derived field, and of those that it rests on."""
        if name in self.fields:
            return self.fields[name]
        (kind, of), = derived[name].items()
        if kind == "listed":
            made = ("yes-no", "entry", {row["class"] for row in self.classes.values() if row.get("list") == of})
        elif kind in ("exists", "none_within", "count", "latest"):
            shape = {"count": "count", "latest": "day"}.get(kind, "yes-no")
            made = (shape, "entry", set(of["classes"]))
        elif kind in ("at_least", "band"):
            _, origin, classes = self.derive(of["of"], derived)
            made = ("band" if kind == "band" else "yes-no", origin, classes)
        elif kind == "all":
            parts = [self.derive(part, derived) for part in of]
            origin = "entry" if all(part[1] == "entry" for part in parts) else "attribute"
            made = ("yes-no", origin, set().union(*(part[2] for part in parts)))
        else:
            raise ValueError(f"{name}: the reducer `{kind}` is not known here")
        self.fields[name] = made
        return made

    def class_entity(self, name):
        row = self.classes[name]
        holds = next((holds for key, holds in HOLDS if row.get(key)), "nothing")
        return entity(
            "Class",
            name,
            holds=uid("Holding", holds),
            sensitivity=uid("Sensitivity", row["sensitivity"]),
            tier=uid("Tier", row["tier"]),
        )

    def field_entity(self, name):
        shape, origin, classes = self.fields[name]
        rows = [self.classes[one] for one in classes]
        return entity(
            "Field",
            name,
            classes,
            classes=uids("Class", classes),
            origin=uid("Origin", origin),
            sensitivities=uids("Sensitivity", {row["sensitivity"] for row in rows}),
            shape=uid("Shape", shape),
            tier=uid("Tier", max(row["tier"] for row in rows)),
        )

    def askers(self, scenario):
        row = self.rows[scenario]
        return {"self": ["person"], "public": ["public"]}.get(row["ground"], row["kinds"])

    def scenario_entity(self, row):
        return entity(
            "Scenario",
            row["scenario"],
            askers=uids("Asker", self.askers(row["scenario"])),
            basic_public_service=row["basic_public_service"],
            disclosure=uid("Disclosure", row["disclosure"]),
            fields=uids("Field", row["fields"]),
            ground=uid("Ground", row["ground"]),
            **({"grounded": uids("Field", self.grounded(row))} if self.knows_grounds else {}),
            restraint=row["restraint"],
            yes_no_only=row["yes_no_only"],
        )

    def grounded(self, row):
        """The fields that an article carries here: each of their classes, by one article."""
        if row["ground"] not in ("public", "statute"):
            return row["fields"]
        carried = [self.carried(basis) for basis in row.get("basis", [])]
        return [name for name in row["fields"] if any(self.fields[name][2] <= classes for classes in carried)]

    def carried(self, basis):
        source, here = self.sources[basis["source"]], self.catalogue["jurisdiction"]
        is_here = (here + "-").startswith(source["jurisdiction"] + "-")
        is_low = RANKS.index(source["rank"]) > RANKS.index(self.catalogue.get("least_rank", "party-rule"))
        if source["status"] == "repealed" or not is_here or is_low:
            return set()
        classes = set(basis["classes"])
        return classes | set(self.catalogue["credit_file"]) if "credit-file" in classes else classes

    def maxima(self, scenario):
        return self.rows[scenario].get("consent")


RANKS = (
    "law",
    "administrative-regulation",
    "local-regulation",
    "department-rule",
    "judicial-interpretation",
    "normative-document",
    "city-rule",
    "party-rule",
    "draft",
)
# "first" < "second" in the order of words too.
HOLDS = (("list", "list"), ("clock", "records"), ("field", "attributes"))


@functools.lru_cache(maxsize=4096)
def parsed(text):
    return tomllib.loads(text)


def rows(files, folder):
    return [parsed(text) for path, text in sorted(files.items()) if path.startswith(folder + "/")]


def width(terms, maxima):
    """A consent as Cedar takes it; its frequency in uses within the period of the widest one."""
    uses, per = terms["frequency"].split("/")
    within = seconds(maxima["frequency"].split("/")[1])
    lifetime = terms["lifetime"]
    return {
        "data_life": seconds(terms["data_life"]),
        "frequency": int(uses) * -(-within // seconds(per)),
        "lifetime": lifetime if isinstance(lifetime, int) else seconds(lifetime),
        "look_back": seconds(terms["look_back"]),
        "uses": terms["uses"],
    }


class Cedar:
    """Answers, each asked for once a catalogue."""

    def __init__(self, files):
        texts = [text for path, text in sorted(files.items()) if path.endswith(".cedar")]
        self.schema = cedarpy.Schema.from_str(files["statutes/schema.cedarschema"])
        self.policies = cedarpy.PolicySet.from_str("\n".join(texts))
        self.files = files
        self.asked = 0

    def begin(self, edited):
        self.catalogue = Catalogue(self.files | edited, self.schema)
        self.known = {}

    def ask(self, requests):
        """Has Cedar answer all of them together: one call costs more than an answer."""
        new = {}
        for request in requests:
            new.setdefault(key(request), request)
        entities = self.catalogue.entities
        results = cedarpy.is_authorized_batch(list(new.values()), self.policies, entities, self.schema)
        for name, result in zip(new, results):
            if result.diagnostics.errors:
                raise ValueError(f"{name}: {result.diagnostics.errors}")
            self.known[name] = result.allowed
        self.asked += len(new)

    def allows(self, request):
        return self.known[key(request)]


def key(request):
    return tuple(request[part]["id"] for part in ("principal", "action", "resource")) + (request["context"],)


def request(principal, action, resource, context):
    def named(of, name):
        return {"type": of, "id": name}

    return {
        "principal": named(*principal),
        "action": named("Action", action),
        "resource": named(*resource),
        "context": json.dumps(context, sort_keys=True),
    }


def query(catalogue, asked):
    context = {"adult": asked["adult"], "case": asked["case"], "suspended": asked["suspended"]}
    maxima = catalogue.maxima(asked["scenario"])
    if maxima:
        context["maxima"] = width(maxima, maxima)
    if maxima and asked["consent"]:
        context["consent"] = width(asked["consent"], maxima)
    return request(("Asker", asked["asker"]), "query", ("Scenario", asked["scenario"]), context)


def release(asked, field):
    context = {"scenario": uid("Scenario", asked["scenario"])}
    if asked["named"] is not None:
        context["named"] = uids("Field", asked["named"])
    return request(("Asker", asked["asker"]), "release", ("Field", field), context)


def tell(asked):
    context = {"standing": uid("Standing", asked["state"])}
    return request(("Asker", asked["asker"]), "tell", ("Class", asked["class"]), context)


def collect(name):
    return request(("Gateway", "gateway"), "collect", ("Class", name), {})


def requests(asked, catalogue):
    """All that must be known of a question: whether the door is open, and of each field whether it is released."""
    if "class" in asked:
        yield tell(asked)
        return
    fields = asked["fields"] or catalogue.fields
    # Behind a door that no row opens every field would be asked about in vain.
    if asked["asker"] not in catalogue.askers(asked["scenario"]) and not asked["released"]:
        fields = ()
    yield query(catalogue, asked)
    for field in fields:
        yield release(asked, field)


def disagreement(asked, cedar):
    """What is wrong with what the product did, or nothing."""
    if "class" in asked:
        shows = asked["shows"] and not cedar.allows(tell(asked))
        return "shows a record that is kept back" if shows else None
    released = set(asked["released"])
    if not cedar.allows(query(cedar.catalogue, asked)):
        return "releases behind a closed door" if released else None
    allowed = {field for field in asked["fields"] or cedar.catalogue.fields if cedar.allows(release(asked, field))}
    if released - allowed:
        return f"releases {sorted(released - allowed)}"
    if asked["exactly"] and allowed - released:
        return f"withholds {sorted(allowed - released)}"
    return None


def compare(edited, questions, cedar):
    """What disagrees about one catalogue, a line each."""
    cedar.begin(edited)
    rows = cedar.catalogue.classes.items()
    held = [name for name, row in rows if any(row.get(key) for key, _ in HOLDS)]
    # One after the other: of the walk over all requests there are millions, and most are asked for again.
    asked = (request for question in questions for request in requests(question, cedar.catalogue))
    cedar.ask(itertools.chain(map(collect, held), asked))
    wrong = [f"collects {name}" for name in held if not cedar.allows(collect(name))]
    for question in questions:
        if found := disagreement(question, cedar):
            wrong.append(f"{found}: {json.dumps(question)}")
    return wrong


def main():
    first, *lines = [json.loads(line) for line in sys.stdin]
    cedar, wrong = Cedar(first["files"]), []
    starts = [at for at, line in enumerate(lines) if "edited" in line]
    for start, end in zip(starts, starts[1:] + [len(lines)]):
        wrong += compare(lines[start]["edited"], lines[start + 1 : end], cedar)
    print("\n".join(wrong + [str(cedar.asked)]))


main()
