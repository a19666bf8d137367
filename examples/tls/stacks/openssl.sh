# OpenSSL: s_server, s_client.
# shellcheck shell=bash disable=SC2034,SC2094,SC2154

protocol() { [ "$version" = 1.2 ] && echo -tls1_2 || echo -tls1_3; }

server_saw_client='depth=0 CN = client'
server_start() { # CERTIFICATE
  local more=()
  [ "$test" = client-certificate ] && more=(-Verify 1 -verify_return_error -CAfile /shared/ca.pem)
  [ "$test" = alpn ] && more=(-alpn http/1.1)
  mkfifo "$work/echo"
  # What arrives is sent back.
  openssl s_server -quiet -accept "$port" "$(protocol)" -cert "$1.pem" -key "$1.key" "${more[@]}" \
    <>"$work/echo" 2>"$work/server.err" | tee "$work/server.out" >"$work/echo" &
}

client_connected='CONNECTION ESTABLISHED|Verify return code'
client_refused='verify error:num=(10:certificate has expired|62:hostname mismatch)'
client_start() { :; }
client_run() {
  local more=()
  [ "$test" = client-certificate ] && more=(-cert /shared/client.pem -key /shared/client.key)
  case $test in # the long form prints into what arrives; the brief one does not tell these
    alpn) more=(-alpn http/1.1) ;;
    resumption) ;;
    *) more+=(-brief) ;;
  esac
  run_client openssl s_client -connect "server:$port" "$(protocol)" -servername server -verify_hostname server \
    -verify_return_error -CAfile /shared/ca.pem "${more[@]}" "$@"
}
client_version() { grep -ahoE '^(New,|Reused,|Protocol version:) TLSv1[.][23]' "$work"/client.* | head -n 1 | grep -oE '1[.][23]'; }
client_alpn() { sed -n 's/^ALPN protocol: //p' "$work"/client.*; }
key_update() {
  printf 'K\n' >&3 # sends a key update, and asks for the other side's
  await client '^KEYUPDATE' || fail "openssl sent no key update"
  say key-update
}
resume() {
  client_run -sess_out "$work/session"
  await client "$client_connected" || fail "there was no handshake"
  exchange first # TLS 1.3 sends its tickets after the handshake
  exec 3>&-
  wait "$program"
  [ -s "$work/session" ] || fail "the server gave no session to resume"
  client_run -sess_in "$work/session"
  await client "$client_connected" || fail "there was no second handshake"
  said client '^Reused, ' || return 1
  say resumed "{\"version\": \"$(client_version)\"}"
  exchange second
}
