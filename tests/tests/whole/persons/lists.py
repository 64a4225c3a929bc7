"""Computes what each person's list of who asked must say, from the operator's keys, the published log and the catalogue's files
alone, by audit/FORMAT.md and keys/docs/0001; nothing of the gateway's own code.

lists.py DEMO-FOLDER CATALOGUE-FOLDER: citizen numbers on standard input, one a line; prints {number: [ids, newest first]}."""
import base64, hashlib, hmac, json, pathlib, struct, sys, tomllib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def framed(label, *parts):
    return b"".join(struct.pack(">I", len(part)) + part for part in (label.encode(), *parts))


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def opened(key, associated, text):
    sealed = base64.b64decode(text)
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], associated)


def data_keys(folder):
    """Every data key of the ring that is not destroyed, by its id."""
    kek = bytes.fromhex((folder / "ring.key").read_text().strip())
    text = (folder / "ring.json").read_text()
    header, body = text.removeprefix('{"header":').removesuffix('"}\n').rsplit(',"body":"', 1)
    known = json.loads(header)
    ring = opened(kek, framed("credit/ring-key", struct.pack(">I", known["ring"]["epoch"])), known["ring"]["wrapped"])
    plain = opened(ring, framed("credit/ring", header.encode()), body)
    keys = {}
    for entry in known["keys"]:
        if entry.get("destroyed") is None:
            keys[entry["id"]], plain = plain[:32], plain[32:]
    return {name: key for name, key in keys.items() if name.startswith("data-")}


class Month:
    """One data key (FORMAT.md section 5)."""

    def __init__(self, key):
        expand = lambda info: mac(key, framed(info) + b"\x01")
        self.root, self.positions, self.people = expand("credit/root"), expand("credit/position-key"), {}

    def person(self, number):
        if number not in self.people:
            node = self.root
            for byte in mac(self.positions, framed("credit/position", number.encode()))[:5]:
                cipher = Cipher(algorithms.AES(node), modes.ECB()).encryptor()
                node = cipher.update(bytes([byte]) + bytes(14) + b"\x01" + bytes([byte]) + bytes(14) + b"\x02")
            self.people[number] = node
        return self.people[number]

    def tag(self, asker, group, number):
        return mac(self.person(number), framed("credit/subject", asker.encode(), group.encode(), number.encode()))


def leaves(log):
    size = int((log / "checkpoint").read_text().split("\n")[1])
    for bundle in range((size + 255) // 256):
        wide = min(256, size - 256 * bundle)
        digits = f"{bundle:03d}" if bundle < 1000 else f"x{bundle // 1000:03d}/{bundle % 1000:03d}"
        path = log / "tile" / "entries" / digits
        if wide < 256:
            path = path.with_name(path.name + ".p") / str(wide)
        raw = path.read_bytes()
        while raw:
            length = struct.unpack(">H", raw[:2])[0]
            yield json.loads(raw[2 : 2 + length])
            raw = raw[2 + length :]


def main(demo, catalogue):
    numbers = sys.stdin.read().split()
    rows = {}
    for path in (catalogue / "scenarios").glob("*.toml"):
        row = tomllib.loads(path.read_text())
        rows[row["scenario"]] = row
    months = {name: Month(key) for name, key in data_keys(demo / "keys").items()}
    people, found = {}, {number: [] for number in numbers}
    for leaf in leaves(demo / "data" / "log"):
        if leaf["kind"] != "query" or "subject" not in leaf:
            continue
        row = rows[leaf["scenario"]] if "scenario" in leaf else {"purpose_group": "", "notice": "owed"}
        # Withheld: nothing in these runs has a day that has come.
        if leaf.get("notice", row["notice"]) != "owed":
            continue
        whom = (leaf["key"], leaf.get("institution", ""), row["purpose_group"])
        if whom not in people:
            key, asker, group = whom
            people[whom] = {months[key].tag(asker, group, number): number for number in numbers}
        number = people[whom].get(base64.b64decode(leaf["subject"]))
        if number is not None:
            found[number].insert(0, leaf["id"])
    print(json.dumps(found))


main(*(pathlib.Path(argument) for argument in sys.argv[1:3]))
