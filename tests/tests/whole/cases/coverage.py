"""Coverage of cases that must be checked, out of the files of a log (FORMAT.md, "Coverage"). Standard library only."""

import datetime
import json
import pathlib
import sys
import unicodedata

OFFSET = datetime.timezone(datetime.timedelta(hours=8))
BRACKETS = str.maketrans("〔【[{〕】]}", "(((())))")


def leaves(log):
    size = int((log / "checkpoint").read_text().split("\n")[1])
    index = 0
    while index < size:
        digits = f"{index // 256:03d}"
        groups = []
        while digits:
            groups.insert(0, digits[-3:].zfill(3))
            digits = digits[:-3]
        name = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
        width = min(size - index, 256)
        bundle = log / "tile/entries" / name
        path = bundle if bundle.exists() else bundle.with_name(bundle.name + ".p") / str(width)
        data = path.read_bytes()
        for _ in range(width):
            length = int.from_bytes(data[:2], "big")
            yield index, json.loads(data[2 : 2 + length])
            data = data[2 + length :]
            index += 1


def normal(case):
    """NFKC, without white space and invisible marks, brackets folded, upper case, NFKC again."""
    text = unicodedata.normalize("NFKC", case)
    text = "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", text.translate(BRACKETS).upper())


def main(log):
    look_ups, open_cases, decided, registered, named, handed = {}, {}, [], {}, set(), {}
    size = 0

    def month(at):
        return datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(OFFSET).strftime("%Y-%m")

    def day(at):
        return datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(OFFSET).date().isoformat()

    for index, leaf in leaves(pathlib.Path(log)):
        size = index + 1
        place = (leaf.get("institution"), leaf.get("scenario"))
        tag = (leaf.get("key"), leaf.get("subject"))
        if leaf["kind"] == "read" and leaf["path"].startswith("/coverage/"):
            handed[leaf["path"][len("/coverage/") :]] = index
        if leaf["kind"] == "query" and leaf["outcome"] == "answered" and "institution" in leaf:
            if "case" in leaf["ground"] and "on_behalf" not in leaf:
                look_ups.setdefault(place + tag, []).append((index, day(leaf["at"])))
        if leaf["kind"] != "case":
            continue
        name = place + (normal(leaf["case"]),)
        persons = open_cases.setdefault(name, [])
        gateway = "system" in leaf["actor"]
        if leaf["state"] == "opened":
            if any(tag in person["tags"] for person in persons):
                continue
            stale = [person for person in persons if person["tags"][-1][0] != tag[0]]
            if gateway and stale:
                stale[0]["tags"].append(tag)
                continue
            persons.append({"tags": [tag], "carried": gateway, "registered": True})
            if not gateway:
                key = place + (month(leaf["at"]),)
                registered[key] = registered.get(key, 0) + 1
            continue
        if leaf.get("subject"):
            chosen = [person for person in persons if person["tags"][-1] == tag]
            chosen = chosen or [{"tags": [tag], "carried": False, "registered": False}]
        else:
            chosen = list(persons)
        for person in chosen:
            if person in persons:
                persons.remove(person)
            elif name + person["tags"][-1] in named:
                continue
            named.add(name + person["tags"][-1])
            decided.append((place, person, index, leaf))

    rows, misses = {}, []

    def row(place, of):
        names = ["registered", "decided", "looked_up", "late", "missed", "carried", "unregistered"]
        empty = {"institution": place[0], "scenario": place[1], "month": of, **{name: 0 for name in names}}
        return rows.setdefault(place + (of,), empty)

    for key, count in registered.items():
        row(key[:2], key[2])["registered"] += count
    for place, person, index, leaf in decided:
        found = sorted(at for tag in person["tags"] for at in look_ups.get(place + tag, []))
        fate = "looked_up" if found and found[0][0] < index and found[0][1] <= leaf["on"] else "late" if found else "missed"
        if fate != "looked_up" and person["carried"]:
            fate = "carried"
        of = row(place, month(leaf["at"]))
        of["decided"] += 1
        of["unregistered"] += not person["registered"]
        of[fate] += 1
        if fate in ("late", "missed"):
            miss = {"index": index, "at": leaf["at"], "institution": place[0], "scenario": place[1]}
            miss.update(case=leaf["case"], operator=leaf["operator"], on=leaf["on"])
            if fate == "late":
                miss["late"] = found[0][0]
            miss["handed_over"] = any(index < handed.get(until, -1) for until in ("", month(leaf["at"])))
            misses.append(miss)
    waiting = {}
    for name, persons in open_cases.items():
        waiting[name[:2]] = waiting.get(name[:2], 0) + len(persons)
    waiting = [
        {"institution": place[0], "scenario": place[1], "persons": count}
        for place, count in sorted(waiting.items())
        if count
    ]
    departments = [rows[key] for key in sorted(rows)]
    print(json.dumps({"size": size, "departments": departments, "waiting": waiting, "misses": misses}))


main(sys.argv[1])
