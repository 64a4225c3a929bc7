"""The figures of a month out of the files of a log (FORMAT.md, "Monthly report"). Standard library only."""

import contextlib
import datetime
import io
import json
import pathlib
import sys

sys.argv, arguments = [sys.argv[0], sys.argv[1]], sys.argv[1:]
said = io.StringIO()
with contextlib.redirect_stdout(said):
    import coverage  # It prints the coverage of the whole log.

OFFSET = datetime.timezone(datetime.timedelta(hours=8))


def add(table, key, count=1):
    table[key] = table.get(key, 0) + count


def outcome(table, key, name, count=1):
    table.setdefault(key, {"answered": 0, "refused": 0})[name] += count


def main(log, month):
    log = pathlib.Path(log)
    origin, size, root = (log / "checkpoint").read_text().split("\n")[:3]
    queries = {"all": {"answered": 0, "refused": 0}, "repeats": 0}
    tables = ["days", "institutions", "askers", "scenarios", "grounds", "fields", "refusals", "notices"]
    queries.update({name: {} for name in tables})
    kinds, feedback, measures, given, floods, numbers = {}, {}, {}, {}, {}, {}
    objections = dict.fromkeys(["made", "upheld", "rejected", "in_time", "late", "open", "overdue"], 0)
    alarms = dict.fromkeys(
        ["case_misses", "objections_late", "floods", "stops", "suspensions_by_rule", "unseals_alone"], 0
    )
    reviews = dict.fromkeys(["queued", "suspicious", "opened", "closed"], 0)
    reviews["judged"] = dict.fromkeys(["explained", "unexplained", "suspicious"], 0)
    under_review = set()
    suspensions, catalogues, waiting, indices = [], set(), [], []
    for index, leaf in coverage.leaves(log):
        at = datetime.datetime.fromisoformat(leaf["at"].replace("Z", "+00:00")).astimezone(OFFSET)
        day, kind = at.strftime("%Y-%m-%d"), leaf["kind"]
        by_rule = "system" in leaf.get("actor", {})
        if day[:7] > month:
            continue
        if kind == "objection":
            place = (leaf["class"], leaf["due"])
            if leaf["state"] == "open":
                waiting.append(place)
            elif not by_rule and place in waiting:
                waiting.remove(place)
        if kind == "review" and leaf["state"] == "queued":
            under_review.add(leaf["query"])
        if kind == "review" and leaf["state"] == "closed":
            under_review.discard(leaf["query"])
        if day[:7] != month:
            continue
        add(kinds, kind)
        indices.append(index)
        if "seq" in leaf:
            first = leaf["seqs"][0] if kind == "refusals" else leaf["seq"]
            numbers.setdefault(leaf["institution"], [first, 0])[1] = leaf["seq"]
        if kind == "query":
            name = leaf["outcome"]
            queries["all"][name] += 1
            outcome(queries["days"], day, name)
            outcome(queries["askers"], leaf["inputs"]["kind"], name)
            for member, table in [("institution", "institutions"), ("scenario", "scenarios")]:
                if member in leaf:
                    outcome(queries[table], leaf[member], name)
            catalogues.add(leaf["catalogue"])
            if "code" in leaf:
                add(queries["refusals"], leaf["code"])
            if name == "answered":
                queries["repeats"] += "repeats" in leaf
                names = [key for key in ("statute", "self", "public") if key in leaf["ground"]]
                add(queries["grounds"], (names + ["consent"])[0])
                for field in leaf["fields"]:
                    add(queries["fields"], field)
                add(queries["notices"], leaf["notice"].split(" ")[0])
        elif kind == "refusals":
            count = sum(leaf["counts"].values())
            queries["all"]["refused"] += count
            outcome(queries["days"], day, "refused", count)
            outcome(queries["institutions"], leaf["institution"], "refused", count)
            for code, of_code in leaf["counts"].items():
                add(queries["refusals"], code, of_code)
        elif kind == "review" and leaf["state"] == "judged":
            reviews["judged"][leaf["verdict"]] += 1
        elif kind == "review":
            reviews[leaf["state"]] += 1
            reviews["suspicious"] += leaf["state"] == "queued" and leaf["verdict"] == "suspicious"
        elif kind == "feedback":
            add(feedback, leaf["result"])
            if "measure" in leaf:
                add(measures, leaf["measure"])
        elif kind == "notice":
            add(given, leaf["way"], leaf["count"])
        elif kind == "objection" and not by_rule:
            objections["made" if leaf["state"] == "open" else leaf["state"]] += 1
            if leaf["state"] != "open":
                objections["in_time" if day <= leaf["due"] else "late"] += 1
        elif kind == "flood":
            add(floods, leaf["institution"], sum(leaf["counts"].values()))
            alarms["floods"] += sum(leaf["counts"].values())
        elif kind == "stop":
            alarms["stops"] += leaf["stopped"]
        elif kind == "unseal":
            alarms["unseals_alone"] += "proposal" not in leaf
        elif kind == "suspension":
            alarms["suspensions_by_rule"] += leaf["suspended"] and by_rule
            members = ["at", "institution", "operator", "scenario", "suspended", "reason"]
            suspensions.append({"index": index, **{name: leaf[name] for name in members if name in leaf}})
    first = datetime.date.fromisoformat(month + "-01")
    last = (first.replace(day=28) + datetime.timedelta(days=4)).replace(day=1) - datetime.timedelta(days=1)
    objections["open"] = len(waiting)
    objections["overdue"] = sum(due < last.isoformat() for _, due in waiting)
    covered = json.loads(said.getvalue())
    covered["departments"] = [row for row in covered["departments"] if row["month"] == month]
    of_month = [
        miss
        for miss in covered["misses"]
        if datetime.datetime.fromisoformat(miss["at"].replace("Z", "+00:00")).astimezone(OFFSET).strftime("%Y-%m") == month
    ]
    covered["misses"] = of_month
    alarms["case_misses"] = len(of_month)
    alarms["objections_late"] = objections["late"] + objections["overdue"]
    figures = {
        "form": "credit-gateway/report/1",
        "origin": origin,
        "month": month,
        "utc_offset": "+08:00",
        "size": int(size),
        "root": root,
        "leaves": len(indices),
        "kinds": kinds,
        "queries": queries,
        "coverage": covered,
        "reviews": {**reviews, "waiting": len(under_review)},
        "feedback": feedback,
        "measures": measures,
        "objections": objections,
        "notices_given": given,
        "suspensions": suspensions,
        "floods": floods,
        "numbers": numbers,
        "catalogues": sorted(catalogues),
        "alarms": alarms,
    }
    if indices:
        figures.update(first=indices[0], last=indices[-1])
    print(json.dumps(figures))


main(*arguments)
