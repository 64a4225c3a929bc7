# curl and wget. See mod.rs for what is read and printed.
at() { echo "$CREDIT_DIR/$1"; }
tls=(--cacert "$(at ca.pem)" --cert "$(at institutions/housing.pem)" --key "$(at institutions/housing.key)")
json='Content-Type: application/json'
desk=$(mktemp -d)
trap 'rm -rf "$desk"' EXIT
rows=()

# row NAME COMMAND…: the command gets the body on its standard input and in $desk/body; its answer, then a line of the status.
row() {
  local name=$1 number=${#rows[@]}
  shift
  IFS= read -r body
  printf %s "$body" >"$desk/body"
  "$@" <"$desk/body" >"$desk/$number" 2>"$desk/error" || cat "$desk/error" >>"$desk/$number"
  rows+=("$name")
}

curl_() { curl -sS "${tls[@]}" -w '\n%{http_code} h%{http_version}\n' "$@" "$CREDIT_URL/v1/queries"; }
wget_() {
  wget -q -t 1 --ca-certificate "$(at ca.pem)" --certificate "$(at institutions/housing.pem)" \
    --private-key "$(at institutions/housing.key)" --header "$json" -O - "$@" "$CREDIT_URL/v1/queries" && printf '\n200 h1.1\n'
}

row 'curl -d' curl_ -H "$json" -d @-
row 'curl --json' curl_ --json @-
row 'curl --http1.1 -d' curl_ --http1.1 -H "$json" -d @-
row 'curl --http1.0 -d' curl_ --http1.0 -H "$json" -d @-
row 'curl --tls-max 1.2 -d' curl_ --tls-max 1.2 -H "$json" -d @-
row 'curl --http1.1 Expect' curl_ --http1.1 -H "$json" -H 'Expect: 100-continue' -d @-
row 'curl --http2 Expect' curl_ --http2 -H "$json" -H 'Expect: 100-continue' --expect100-timeout 30 -m 15 -d @-
row 'curl --http2 -T -' curl_ --http2 -X POST -H "$json" -T -
row 'curl --http1.1 -T -' curl_ --http1.1 -X POST -H "$json" -T -
row 'curl --http1.1 -T file' curl_ --http1.1 -X POST -H "$json" -T "$desk/body"
row 'curl --http1.1 -d chunked' curl_ --http1.1 -H "$json" -H 'Transfer-Encoding: chunked' -d @-
row 'curl -d without type' curl_ -d @-
row 'wget --post-file' wget_ --post-file "$desk/body"
row 'wget --body-file' wget_ --method POST --body-file "$desk/body"

for number in "${!rows[@]}"; do
  query=$(grep -o '"query":"[0-9a-f-]*"' "$desk/$number" | cut -d'"' -f4)
  verdict="$(tail -n 1 "$desk/$number") $(grep -o '"code":"[a-z-]*"' "$desk/$number" | cut -d'"' -f4)"
  if [[ $verdict == 200* ]]; then
    curl -fsS "${tls[@]}" --retry 20 --retry-delay 1 --retry-all-errors "$CREDIT_URL/v1/receipts/$query" 2>/dev/null |
      grep -q '^c2sp.org/tlog-proof@v1$' && verdict+=receipt
  fi
  printf '%s\t%s\n' "${rows[$number]}" "$verdict"
done
