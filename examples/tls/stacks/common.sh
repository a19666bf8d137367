# What all stacks have in common: events, waiting, certificates, and what a client does with its program.
# A stack brings: server_start CERTIFICATE and client_start, which fail when its program cannot do this test; client_run OPTION...; the
# patterns $client_connected, $client_refused and $server_saw_client; client_version; and client_alpn, key_update, resume where it can.
# shellcheck shell=bash disable=SC1003,SC2154

id=0
say() { # TYPE [JSON [ROLE]]: with a ROLE, that role hears it on stdin
  id=$((id + 1))
  printf '{"id": %d, "ty": "%s", "in": %s%s}\n' "$id" "$1" "${2:-{\}}" "${3:+, \"to\": \"$3\"}"
}
hear() { # TYPE: waits for an event of another role
  local letter
  while read -r -t "$patience" letter; do
    case $letter in *"\"ty\":\"$1\""* | *"\"ty\": \"$1\""*) return ;; esac
  done
  fail "no \"$1\" came from the other side"
}
fail() { # SENTENCE: what the programs said comes first
  tail -n 40 "$work"/*.out "$work"/*.err >&2
  echo "$1" >&2
  exit 1
}
unsupported() { # SENTENCE
  echo "$1" >&2
  exit 127
}

# Seconds for one step; the test's own timeout ends everything.
patience=8
said() { # server|client PATTERN: whether this role's program has said it
  grep -aqE "$2" "$work/$1.out" "$work/$1.err" 2>/dev/null
}
await() { # server|client PATTERN
  local tries
  for ((tries = 0; tries < patience * 50; tries++)); do
    said "$1" "$2" && return
    # A program that has ended says nothing more; one last look.
    [ -z "${program:-}" ] || kill -0 "$program" 2>/dev/null || break
    sleep 0.02
  done
  said "$1" "$2"
}

await_listener() {
  local tries hex
  hex=$(printf ':%04X 0*:0000 0A' "$port")
  for ((tries = 0; tries < patience * 50; tries++)); do
    grep -qE "$hex" /proc/net/tcp /proc/net/tcp6 2>/dev/null && return
    sleep 0.02
  done
  fail "the server does not listen"
}

await_end() {
  trap 'exit 0' TERM
  while read -r letter; do
    case $letter in *'"ty":"done"'*) exit 0 ;; esac
  done
  sleep infinity &
  wait $!
}

# A new authority, and what it signs: nothing is kept, so nothing expires. Always with the openssl program: it is a tool here.
make_certificates() { # DIRECTORY NAME...: good, expired, elsewhere (of another name), client
  local directory=$1 name
  new_key "$directory/ca.key" -x509 -days 2 -subj '/CN=Test CA' -out "$directory/ca.pem" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign || fail "openssl makes no certificate"
  cat >"$work/ca.cnf" <<CONFIG
[ca]
default_ca = ours
[ours]
database = $work/index
new_certs_dir = $work
rand_serial = yes
unique_subject = no
policy = any
default_md = sha256
[any]
commonName = supplied
CONFIG
  : >"$work/index"
  shift
  for name in "$@"; do
    case $name in
      good) sign server serverAuth "$yesterday" "$tomorrow" ;;
      expired) sign server serverAuth 20200101000000Z 20200201000000Z ;;
      elsewhere) sign elsewhere serverAuth "$yesterday" "$tomorrow" ;;
      client) sign client clientAuth "$yesterday" "$tomorrow" ;;
    esac || fail "openssl makes no certificate"
  done
  chmod a+r "$directory"/*
}
new_key() { # FILE, and what `openssl req` shall make with it
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$@" 2>"$work/req.err"
}
sign() { # SUBJECT USAGE FROM UNTIL: makes $directory/$name.key and .pem
  printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=%s\nsubjectAltName=DNS:%s\n' "$2" "$1" >"$work/extensions"
  new_key "$directory/$name.key" -subj "/CN=$1" -out "$work/request" &&
    openssl ca -batch -notext -config "$work/ca.cnf" -cert "$directory/ca.pem" -keyfile "$directory/ca.key" -in "$work/request" \
      -extfile "$work/extensions" -startdate "$3" -enddate "$4" -out "$directory/$name.pem" 2>"$work/ca.err"
}
printf -v yesterday '%(%Y%m%d%H%M%SZ)T' $((EPOCHSECONDS - 86400))
printf -v tomorrow '%(%Y%m%d%H%M%SZ)T' $((EPOCHSECONDS + 86400))

# Starts "$@" as the client's program: what is written to descriptor 3 goes to its stdin, what it says to client.out and client.err.
run_client() {
  [ -p "$work/stdin" ] || mkfifo "$work/stdin"
  exec 3<>"$work/stdin"
  : >"$work/client.out" # nobody may find there what an earlier connection said
  : >"$work/client.err"
  "$@" <"$work/stdin" >>"$work/client.out" 2>>"$work/client.err" 3>&- &
  program=$!
}

# Every server sends back what it gets; NSS's wants it to look like HTTP. In one write, which the shell's own printf does not promise: an
# empty line that comes alone is a command to Botan's client, and nobody hears of it.
ask() { # WORD
  env printf 'GET /%s HTTP/1.0\r\n\r\n' "$1" >&3
}
exchange() { # WORD
  ask "$1"
  await client "GET /$1 " || fail "\"$1\" did not come back"
  say echoed "{\"text\": \"$1\"}"
}

connect() {
  client_run
  await client "$client_connected" || fail "there was no handshake"
  say handshake "{\"version\": \"$(client_version)\"}"
}

connect_and_be_refused() {
  client_run
  # Whoever accepts the certificate gets an answer; whoever refuses it ends without one, and says why.
  ask let-me-in
  local tries
  for ((tries = 0; tries < patience * 50; tries++)); do
    if said client 'GET /let-me-in '; then
      say accepted
      return
    fi
    kill -0 "$program" 2>/dev/null || break
    sleep 0.02
  done
  kill -0 "$program" 2>/dev/null && fail "the client neither ended nor got an answer"
  said client "$client_refused" || fail "the client ended, and did not say that it is because of the certificate"
  say refused "{\"because\": \"$(grep -ahoE "$client_refused" "$work"/client.* | head -n 1 | tr -d '"\\')\"}"
}

# A mebibyte there and back, in lines that nothing else looks like; in pieces that fit the sockets' buffers, for programs that do not read
# while they write.
transfer() {
  local lines=16384 piece=1024 first sent received
  openssl rand -hex $((lines * 63 / 2)) | fold -w 63 >"$work/data"
  for ((first = 1; first <= lines; first += piece)); do
    sed -n "${first},$((first + piece - 1))p" "$work/data" >&3
    await_lines $((first + piece - 1)) || break
  done
  sent=$(sha256sum <"$work/data")
  received=$(grep -aE "$data_line" "$work/client.out" | sha256sum)
  say transferred "{\"sent\": \"${sent%% *}\", \"received\": \"${received%% *}\", \"intact\": $([ "$sent" = "$received" ] && echo true || echo false)}"
}
data_line='^[0-9a-f]{63}$'
await_lines() { # NUMBER
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    [ "$(grep -acE "$data_line" "$work/client.out")" -ge "$1" ] && return
    sleep 0.02
  done
  return 1
}

resume() { return 1; }
key_update() { :; }
