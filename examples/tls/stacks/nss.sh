# NSS: selfserv, tstclnt. Keys live in a database, which each role makes for itself.
# shellcheck shell=bash disable=SC2034,SC2154

database() { # [CERTIFICATE]
  mkdir -p "$work/db" && certutil -N -d "sql:$work/db" --empty-password &&
    certutil -A -d "sql:$work/db" -n ca -t CT,C,C -i /shared/ca.pem || return 1
  [ -z "${1:-}" ] && return
  openssl pkcs12 -export -in "$1.pem" -inkey "$1.key" -name mine -passout pass: -out "$work/mine.p12" &&
    pk12util -d "sql:$work/db" -i "$work/mine.p12" -W '' -K '' >"$work/db.out"
}

server_saw_client='subject DN: CN=client'
server_start() { # CERTIFICATE
  case $test in
    transfer) return 1 ;; # sends back the first ten kilobytes only
  esac
  local more=()
  [ "$test" = client-certificate ] && more=(-r -r)
  [ "$test" = alpn ] && more=(-Q)
  database "$1" || fail "NSS takes no certificate"
  stdbuf -oL selfserv -d "sql:$work/db" -n mine -e mine -p "$port" -V "tls$version:tls$version" -u -v "${more[@]}" >"$work/server.out" 2>"$work/server.err" &
}

client_connected='SSL version 3[.][34]'
client_refused='SSL_ERROR_EXPIRED_CERT[A-Z_]*|SEC_ERROR_EXPIRED_CERTIFICATE|SSL_ERROR_BAD_CERT_DOMAIN'
client_start() {
  case $test in
    alpn | key-update) return 1 ;; # has no option for it
    resumption) return 1 ;;        # connects again only when the server has closed the connection
  esac
}
client_run() {
  local mine=()
  [ "$test" = client-certificate ] && mine=(-n mine)
  if [ ! -d "$work/db" ]; then
    database "${mine:+/shared/client}" || fail "NSS takes no certificate"
  fi
  run_client tstclnt -4 -d "sql:$work/db" -h server -a server -p "$port" -V "tls$version:tls$version" -v "${mine[@]}" "$@"
}
client_version() { [ "$(grep -ahoE 'SSL version 3[.][34]' "$work"/client.* | tail -n 1)" = 'SSL version 3.4' ] && echo 1.3 || echo 1.2; }
