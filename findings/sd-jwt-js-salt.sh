#!/usr/bin/env bash
# npm @sd-jwt/crypto-nodejs 0.19.0 (seen with Node.js 20.20 on Debian 12): `generateSalt(16)`, which @sd-jwt/core calls for
# each disclosure, returns 16 hexadecimal digits, that is 64 bits; RFC 9901 section 4.2.1 recommends at least 128. It makes
# 16 random bytes, writes them in hexadecimal and cuts the text to 16 characters. Over a value that can be counted, such
# as a citizen number, who has the digest can try half as many bits as is meant.
# The way round: a generator of one's own, `() => generateSalt(32)`.
# Ends with 0 while it is so, and with 1 when it has changed.
set -euo pipefail
desk=$(mktemp -d)
trap 'rm -rf "$desk"' EXIT
cd "$desk"
npm init --yes >/dev/null
npm install --ignore-scripts --no-audit --no-fund --silent @sd-jwt/core@0.19.0 @sd-jwt/crypto-nodejs@0.19.0
cat >salt.mjs <<'END'
import { SDJwtInstance } from "@sd-jwt/core";
import { digest, ES256, generateSalt } from "@sd-jwt/crypto-nodejs";
const { privateKey } = await ES256.generateKeyPair();
const issuer = new SDJwtInstance({
  signer: await ES256.getSigner(privateKey), signAlg: "ES256", hasher: digest, hashAlg: "sha-256", saltGenerator: generateSalt,
});
const token = await issuer.issue({ name: "value" }, { _sd: ["name"] });
const [salt] = JSON.parse(Buffer.from(token.split("~")[1], "base64url"));
console.log(salt.length, /^[0-9a-f]+$/.test(salt) ? "hexadecimal digits" : "other characters", "in the salt");
END
said=$(node salt.mjs)
echo "$said"
[[ $said == '16 hexadecimal digits in the salt' ]]
