#!/usr/bin/env bash
# PyPI jcs 0.2.1 and rfc8785 0.1.4 (Python 3.11 on Debian 12), both for RFC 8785: of the integers 990101199003070040 and
# 990101199003070041 jcs makes the same text, 990101199003070100, without an error, and rfc8785 raises IntegerDomainError.
# A citizen number of 18 digits that ends in no X is such an integer where a table or a form gave it as a number: digests
# and signatures over the canonical form of two persons' documents are then equal, and a number read back is neither's.
# The way round: numbers of persons are JSON strings, and integers over 2^53 are refused before.
# Ends with 0 while it is so, and with 1 when it has changed.
set -euo pipefail
desk=$(mktemp -d)
trap 'rm -rf "$desk"' EXIT
cd "$desk"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check jcs==0.2.1 rfc8785==0.1.4
cat >canonical.py <<'END'
import jcs, rfc8785
for number in (990101199003070040, 990101199003070041):
    print("jcs", jcs.canonicalize({"number": number}).decode())
    try:
        print("rfc8785", rfc8785.dumps({"number": number}).decode())
    except rfc8785.IntegerDomainError:
        print("rfc8785 raises IntegerDomainError")
END
said=$(python/bin/python canonical.py)
echo "$said"
[[ $said == 'jcs {"number":990101199003070100}
rfc8785 raises IntegerDomainError
jcs {"number":990101199003070100}
rfc8785 raises IntegerDomainError' ]]
