#!/usr/bin/env bash
# PostgreSQL 15.18 (Debian 12): how a client of encoding UTF8 gets the bytes of a text that the server does not decode. With
# GBK bytes in a database of encoding SQL_ASCII, `textsend(v)` fails with 22021 for the whole statement, though it gives a
# bytea; in EUC_CN it gives UTF-8, not what is stored. `convert_to(v, getdatabaseencoding()::name)` gives the stored bytes in
# both. So a reader that decodes by itself asks for the second. Beside it: GBK bytes that are well-formed UTF-8 (谭伟, cc b7
# ce b0) are read from SQL_ASCII as two other characters without an error.
# Needs postgresql-15; as root it runs the server as the account `postgres`. Ends with 0 while it is so, and with 1 when it
# has changed.
set -euo pipefail
bin=/usr/lib/postgresql/15/bin
desk=$(mktemp -d)
as=()
if [[ $(id -u) == 0 ]]; then
  chown postgres "$desk"
  as=(setpriv --reuid=postgres --regid=postgres --init-groups)
fi
cd "$desk"
"${as[@]}" "$bin/initdb" --auth=trust --no-sync --username=postgres --locale=C -E UTF8 -D "$desk/data" >/dev/null
"${as[@]}" "$bin/pg_ctl" -w -s -D "$desk/data" -l "$desk/log" -o "-k $desk -c listen_addresses= -c fsync=off" start
trap '"${as[@]}" "$bin/pg_ctl" -s -m immediate -D "$desk/data" stop; rm -rf "$desk"' EXIT
ask() { PGCLIENTENCODING=UTF8 psql -X -h "$desk" -U postgres -d "$1" -qAt -v VERBOSITY=sqlstate -c "$2" 2>&1 || true; }
said=$(
  for encoding in SQL_ASCII EUC_CN; do
    ask postgres "CREATE DATABASE ${encoding,,} TEMPLATE template0 ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C'"
    # GBK, and EUC_CN, of 张.
    ask "${encoding,,}" "CREATE TABLE t AS SELECT convert_from('\\xd5c5'::bytea, '$encoding') AS v"
    echo "$encoding textsend: $(ask "${encoding,,}" "SELECT encode(textsend(v), 'hex') FROM t")"
    echo "$encoding convert_to: $(ask "${encoding,,}" "SELECT encode(convert_to(v, getdatabaseencoding()::name), 'hex') FROM t")"
  done
  echo "read as $(ask sql_ascii "SELECT convert_from('\\xccb7ceb0'::bytea, 'SQL_ASCII')" | od -An -tx1)"
)
echo "$said"
[[ $said == 'SQL_ASCII textsend: ERROR:  22021
SQL_ASCII convert_to: d5c5
EUC_CN textsend: e5bca0
EUC_CN convert_to: d5c5
read as  cc b7 ce b0 0a' ]]
