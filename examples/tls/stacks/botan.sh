# Botan 2: tls_server, tls_client. It knows TLS 1.2 and no later version.
# shellcheck shell=bash disable=SC2034,SC2154

server_saw_client='never'
server_start() { # CERTIFICATE
  [ "$version" = 1.2 ] || return 1
  case $test in
    client-certificate | alpn) return 1 ;; # has no option for it
  esac
  stdbuf -oL botan tls_server "$1.pem" "$1.key" --port="$port" >"$work/server.out" 2>"$work/server.err" &
}

client_connected='Handshake complete'
client_refused='[Ee]xpired|[Cc]ertificate [^"]*name[^"]*|Certificate validation failure[^"]*'
client_start() {
  [ "$version" = 1.2 ] || return 1
  case $test in
    client-certificate | key-update) return 1 ;; # has no option for it
    resumption) return 1 ;;                      # does not say whether it resumed
  esac
}
client_run() {
  local more=()
  [ "$test" = alpn ] && more=(--next-protocols=http/1.1)
  run_client stdbuf -oL botan tls_client server --port="$port" --skip-system-cert-store --trusted-cas=/shared/ca.pem "${more[@]}" "$@"
}
client_version() { grep -ahoE 'TLS v1[.][23]' "$work"/client.* | head -n 1 | grep -oE '1[.][23]'; }
client_alpn() { sed -n 's/^Server choose protocol: *//p' "$work"/client.*; }
