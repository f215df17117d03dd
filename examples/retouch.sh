#!/usr/bin/env bash
# Retouches one picture: start, poll, download. bash and curl.
#
#     retouch.sh PICTURE [--layers] [--out FILE] [--base URL] [--token TOKEN]
#
# Base URL and token may also come from ATELIER_URL and ATELIER_TOKEN.
set -euo pipefail

base=${ATELIER_URL:-http://127.0.0.1:8080}
token=${ATELIER_TOKEN:-}
picture='' out='' layer=0
while [ $# -gt 0 ]; do
    case $1 in
        --layers) layer=1 ;;
        --out) out=$2; shift ;;
        --base) base=$2; shift ;;
        --token) token=$2; shift ;;
        *) picture=$1 ;;
    esac
    shift
done
base=${base%/}

fail() {
    echo "retouch.sh: $*" >&2
    exit 1
}
[ -f "$picture" ] || fail "name a picture: retouch.sh PICTURE [--layers]"
[ -n "$token" ] || fail "give --token, or set ATELIER_TOKEN"

payload=$(cat <<END
{"mode": "professional", "tasks": [
  {"Plugin": "Heal", "Alpha1": 1.0, "Layer": $layer},
  {"Plugin": "Fabric", "Alpha1": 0.39, "Layer": $layer},
  {"Plugin": "Eye Vessels", "Alpha1": 1.0, "Layer": $layer},
  {"Plugin": "Eye Brilliance", "Alpha1": 0.5, "Layer": $layer},
  {"Plugin": "White Teeth", "Alpha1": 0.25, "Alpha2": 0.25, "Layer": $layer},
  {"Plugin": "Dodge Burn", "Scale": 2, "Alpha1": 1.0, "Alpha2": 0.2, "Layer": $layer},
  {"Plugin": "Skin Tone", "Alpha1": 1.0, "Alpha2": 1.0, "Layer": $layer},
  {"Plugin": "Portrait Volumes", "Alpha1": 0.5, "Layer": $layer}
]}
END
)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The value of a field in a flat JSON object, without quotes.
field() {
    sed -nE 's/.*"'"$2"'" *: *("(([^"\\]|\\.)*)"|[^,} ]+).*/\1/p' <<<"$1" | sed -E 's/^"(.*)"$/\1/' | head -n 1
}

# The JSON answer of a request; both its own status and that of HTTP must be 200. curl itself tries again when the
# network failed or the server was busy.
ask() {
    local code answer
    code=$(curl --silent --show-error --retry 2 --retry-connrefused --connect-timeout 10 \
        --output "$work/answer" --write-out '%{http_code}' "$@") || fail "$base cannot be reached"
    answer=$(tr -d '\n' <"$work/answer")
    if [ "$code" != 200 ] || [ "$(field "$answer" status)" != 200 ]; then
        fail "$code: $(field "$answer" message)"
    fi
    printf '%s' "$answer"
}

# The same key in every try: a try whose answer was lost is not processed twice. The token goes in by a file, so that
# it does not stand in the list of processes.
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf 'X-Retouch-Token: %s\n' "$token" >"$work/headers"
started=$(ask --max-time 60 --header @"$work/headers" --header "Idempotency-Key: $key" \
    --form "file=@\"$picture\"" --form-string "payload=$payload" "$base/api/v1/retoucher/start")
id=$(field "$started" id)
echo "job $id, $(field "$started" retouchQuota) left today" >&2

deadline=$((SECONDS + 300))
while :; do
    status=$(ask --max-time 30 "$base/api/v1/retoucher/status/$id")
    state=$(field "$status" state)
    [ "$state" != completed ] || break
    [ "$state" != failed ] || fail "the job failed: $(field "$status" reason)"
    [ "$SECONDS" -lt "$deadline" ] || fail "job $id was not done within 300 s; ask for it later"
    echo "$state $(field "$status" progress) % $(field "$status" pluginName)" >&2
    sleep 1
done

curl --silent --show-error --fail --retry 2 --connect-timeout 10 --max-time 120 \
    --output "$work/result" "$base/api/v1/retoucher/getFile/$id" || fail "the result could not be fetched"
# The kind of the result, told by its first bytes.
case $(od -An -N4 -tx1 "$work/result" | tr -d ' \n') in
    504b*) kind=zip ;;
    89504e47) kind=png ;;
    ffd8ff*) kind=jpg ;;
    *) fail "the result is neither a picture nor a ZIP" ;;
esac
out=${out:-${picture%.*}_retouched.$kind}
mv "$work/result" "$out"
echo "$out"
