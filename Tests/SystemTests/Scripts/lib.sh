# Shared by the system tests: each is a script of its own that prints what it saw, and fails at the first thing that is not so.
# PURSERD names the daemon under test. Sourced; expects bash with `set -euo pipefail`.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${PURSERD:?PURSERD must name the daemon under test}"
work=$(mktemp -d /tmp/purser-test.XXXXXX)
chmod 755 "$work"
port=$((20000 + $$ % 20000))
issuer=http://localhost:$port/api/oidc
socket=$work/purser.sock
pids=()

cleanup() {
    local code=$?
    trap - EXIT
    set +e
    for pid in "${pids[@]}"; do kill -CONT "$pid" 2>/dev/null; kill "$pid" 2>/dev/null; done
    [ "$code" = 0 ] || { echo "-- the daemon's last words:"; tail -n 20 "$work/purserd.log" 2>/dev/null; }
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; timeout 5 tail --pid="$pid" -f /dev/null; done
    rm -rf "$work"
    exit "$code"
}
trap cleanup EXIT

ok() { echo "ok - $*"; }
fail() { echo "FAILED - $*" >&2; exit 1; }
# holds WHAT COMMAND…: the command succeeds.
holds() {
    local what=$1; shift
    "$@" && ok "$what" || fail "$what"
}
# says TEXT WORD: the text contains the word.
says() { grep -qF -e "$2" <<<"$1"; }
# is WHAT GOT WANTED
is() { [ "$2" = "$3" ] && ok "$1" || fail "$1: got '$2', wanted '$3'"; }
# eventually SECONDS COMMAND…: true within so long.
eventually() {
    local deadline=$((SECONDS + $1)); shift
    until "$@"; do [ $SECONDS -lt $deadline ] || return 1; sleep 0.1; done
}

# compile NAME…: the C programs NAME.c of this directory, as $work/NAME.
compile() {
    local name
    for name in "$@"; do "$(command -v cc || command -v clang)" -O2 -o "$work/$name" "$here/$name.c"; done
}

start_glewlwyd() {
    ACCESS_TTL=${1:-20} "$here/glewlwyd-up" "$work/glewlwyd" "$port"
    glewlwyd=$(cat "$work/glewlwyd/pid")
    pids+=("$glewlwyd")
}

# A new grant of a user, as the credential that purserd imports.
grant() {
    curl -sSf -u cli:clisecret -d "grant_type=password&username=$1&password=$1pass&scope=repo" "$issuer/token" |
        jq -c '{refresh_token, access_token, expires_at: (.iat + .expires_in), scope, account: {sub: "'"$1"'"}}'
}

# Writes a configuration with N connections at glewlwyd, con_1 to con_N, that the uids given may use.
configure() {
    local count=$1; shift
    mkdir -p "$work/secrets"
    printf clisecret >"$work/secrets/client"
    local i
    for i in $(seq "$count"); do grant "$([ $((i % 2)) = 0 ] && echo alice || echo bob)" >"$work/secrets/con_$i"; done
    chmod -R go-rwx "$work/secrets"
    {
        echo "socket: $socket"
        echo 'socketMode: "0666"'
        echo "providers:"
        echo "  glewlwyd: { displayName: Glewlwyd, issuer: \"$issuer\", lostAnswer: never }"
        echo "authConfigs:"
        echo "  ac_g: { provider: glewlwyd, clientId: cli, clientSecret: { file: $work/secrets/client }, scopes: [repo] }"
        echo "connections:"
        for i in $(seq "$count"); do
            echo "  - { id: con_$i, userId: user_1, authConfig: ac_g, credentials: { file: $work/secrets/con_$i } }"
        done
        echo "agents:"
        for uid in "$@"; do
            echo "  - name: agent_$uid"
            echo "    match: { uid: $uid }"
            echo "    grants: [ { users: [\"*\"], toolkits: [\"*\"], connections: [\"*\"], operations: [\"*\"] } ]"
        done
    } >"$work/purser.yaml"
}

# Writes a configuration without connections, under which the uids given may link accounts at glewlwyd; its client may come back
# to the daemon's callback address, at port $callback.
configure_links() {
    configure 0 "$@"
    callback=$((port + 1))
    sed -i -e "1i callback: { listen: \"127.0.0.1:$callback\" }" -e 's|scopes: \[repo\]|scopes: [openid, repo]|' \
        -e '/^connections:/d' "$work/purser.yaml"
    local admin=(curl -sSf -b "$work/glewlwyd/jar" "${issuer%/oidc}/client/cli")
    "${admin[@]}" | jq ".redirect_uri = [\"http://127.0.0.1:$callback/callback\"] | .scope = [\"repo\", \"openid\"]" >"$work/client"
    "${admin[@]}" -X PUT -H 'Content-Type: application/json' -d "@$work/client" -o /dev/null
}

# consent USER URL: what USER does at glewlwyd in a browser; prints the address that the browser is sent to next.
consent() {
    local browser=(curl -sSf -c "$work/jar.$1" -b "$work/jar.$1") api=${issuer%/oidc}
    "${browser[@]}" -H 'Content-Type: application/json' -o /dev/null -d "{\"username\":\"$1\",\"password\":\"$1pass\"}" "$api/auth/"
    "${browser[@]}" -X PUT -H 'Content-Type: application/json' -d '{"scope":"openid repo"}' -o /dev/null "$api/auth/grant/cli"
    "${browser[@]}" -o /dev/null -w '%{redirect_url}' "$2&g_continue"
}

# Boots a systemd as process 1 of namespaces of its own, and runs the script that calls this inside; goes on only there.
inside_systemd() {
    units=${UNITS:-$here/../../../systemd}
    if [ "${1:-}" != inside ]; then
        leader=$("$here/systemd-up")
        trap '"$here/systemd-up" --down "$leader"; rm -rf "$work"' EXIT
        # What is needed inside goes inside: the namespaces need not see this directory.
        local root=/proc/$leader/root
        install -m 755 "$PURSERD" "$root/usr/local/bin/purserd"
        # The command line stands beside the daemon that was built.
        install -m 755 "$(dirname "$PURSERD")/purser" "$root/usr/local/bin/purser"
        [ -z "${simulator:-}" ] || install -m 755 "$simulator" "$root/usr/local/bin/provider-simulator"
        mkdir -p "$root/run/purser-test"
        cp -r "$here" "$root/run/purser-test/scripts"
        cp -r "$units" "$root/run/purser-test/units"
        cp -r "$here/../../CredentialBrokerTests/Vaults" "$root/run/purser-test/scripts/vaults"
        cd /
        nsenter -t "$leader" -a env PURSERD=/usr/local/bin/purserd UNITS=/run/purser-test/units \
            bash "/run/purser-test/scripts/$(basename "$0")" inside
        exit
    fi
    socket=/run/purser/purser.sock
}

# The shipped units, as the README says.
install_units() {
    cp "$units"/purserd.service "$units"/purserd.socket /etc/systemd/system/
    install -D "$units/purser.sysusers.conf" /etc/sysusers.d/purser.conf
    systemd-sysusers
}

# What configure has written, for the unit: secrets come as systemd's credentials.
install_configuration() {
    mkdir -p /etc/purser /run/secrets /etc/systemd/system/purserd.service.d
    sed -i -e '/^socket/d' -e "s|{ file: $work/secrets/\([a-z0-9_]*\) }|{ credential: \1 }|" "$work/purser.yaml"
    cp "$work/purser.yaml" /etc/purser/purser.yaml
    cp "$work"/secrets/* /run/secrets/
    {
        echo '[Service]'
        for name in $(ls "$work/secrets"); do echo "LoadCredential=$name:/run/secrets/$name"; done
    } >/etc/systemd/system/purserd.service.d/credentials.conf
    systemctl daemon-reload
}

property() { systemctl show -P "$1" purserd.service; }

start_purserd() {
    SWIFT_BACKTRACE=registers=none "$PURSERD" --config "$work/purser.yaml" >>"$work/purserd.log" 2>&1 &
    purserd=$!
    pids+=("$purserd")
    eventually 10 test -S "$socket" || fail "purserd did not start"
}

# ask METHOD [PARAMS]: one call over socat, as the present user; prints the answer.
ask() {
    printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}\n' "$1" "${2:-{\}}" | socat -t 60 - "UNIX-CONNECT:$socket"
}

# ask_as UID METHOD [PARAMS]
ask_as() {
    local uid=$1; shift
    printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}\n' "$1" "${2:-{\}}" |
        setpriv --reuid "$uid" --regid "$uid" --clear-groups socat -t 60 - "UNIX-CONNECT:$socket"
}

error_code() { jq -r '.error.data.code // "none"'; }

# What glewlwyd itself says of an access token on standard input.
introspect() {
    curl -sSf -u cli:clisecret --data-urlencode "token=$(cat)" -d token_type_hint=access_token "$issuer/introspect" | jq -r .active
}

# What glewlwyd's database says; it may be writing.
stored() { sqlite3 -cmd '.timeout 10000' "$work/glewlwyd/db" "$1"; }

# Refreshes that glewlwyd answered, and spent refresh tokens that it was shown.
refreshes() { echo $(($(stored 'select count(*) from gpo_refresh_token') - $1)); }
reused_tokens() { grep -c 'Security - Token invalid' "$work/glewlwyd/log" || true; }
# Refreshes in which glewlwyd itself failed, as it says, after it had spent the token: one or two of a thousand side by side.
server_failures() { grep -c 'ERROR: get_access_token_from_refresh' "$work/glewlwyd/log" || true; }

# reuse_one_token [USER]: presents a refresh token that was spent, of a grant that nobody else has: the server's log must show it, or
# its silence about all others says nothing.
reuse_one_token() {
    local token answers i
    token=$(grant "${1:-bob}" | jq -r .refresh_token)
    for i in 1 2; do
        answers+=$(curl -sS -o /dev/null -w '%{http_code} ' -u cli:clisecret --data-urlencode "refresh_token=$token" \
            -d grant_type=refresh_token "$issuer/token")
    done
    is "answers to a refresh token that is presented twice" "$answers" "200 400 "
}
