#!/usr/bin/env bash
# SQLite by PyPI apsw 3.44.0.0 and 3.45.3.0 (seen with Python 3.11 on Debian 12, whose own SQLite is 3.40): `date('2025-02-30')`
# returns 2025-02-30 up to 3.44 and 2025-03-02 from 3.45 on, so the usual constraint `CHECK (d IS date(d))` takes a day
# that does not exist, and from 3.45 on `PRAGMA integrity_check` says "CHECK constraint failed" of the file that the older
# one filled and finds `ok`: a process with a newer SQLite takes the store of its neighbour for damaged.
# The way round: `CHECK (d IS date(d, '+0 days'))`, which both refuse.
# Ends with 0 while it is so, and with 1 when it has changed.
set -euo pipefail
desk=$(mktemp -d)
trap 'rm -rf "$desk"' EXIT
cd "$desk"
for version in 3.44.0.0 3.45.3.0; do
  python3 -m venv "$version"
  "$version/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "apsw==$version"
done
cat >fill.py <<'END'
import apsw
store = apsw.Connection("store.sqlite")
store.execute("CREATE TABLE r(d TEXT CHECK (d IS date(d)))")
store.execute("INSERT INTO r VALUES ('2025-02-30')")
END
cat >look.py <<'END'
import apsw
store = apsw.Connection("store.sqlite")
for (said,) in store.execute("SELECT date(d) || ', ' || date(d, '+0 days') FROM r"):
    print(said)
for (said,) in store.execute("PRAGMA integrity_check"):
    print(said)
END
3.44.0.0/bin/python fill.py
said=$(for version in 3.44.0.0 3.45.3.0; do "$version/bin/python" look.py; done)
echo "$said"
[[ $said == '2025-02-30, 2025-03-02
ok
2025-03-02, 2025-03-02
CHECK constraint failed in r' ]]
