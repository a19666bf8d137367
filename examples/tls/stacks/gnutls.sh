# GnuTLS: gnutls-serv, gnutls-cli.
# shellcheck shell=bash disable=SC2034,SC2154

priority() { echo "NORMAL:-VERS-ALL:+VERS-TLS$version"; }

server_saw_client='Subject: CN=client'
server_start() { # CERTIFICATE
  local more=(--disable-client-cert)
  [ "$test" = client-certificate ] && more=(--require-client-cert --verify-client-cert --x509cafile /shared/ca.pem)
  [ "$test" = alpn ] && more+=(--alpn http/1.1)
  stdbuf -oL gnutls-serv --echo --port "$port" --priority "$(priority)" --x509certfile "$1.pem" --x509keyfile "$1.key" "${more[@]}" \
    >"$work/server.out" 2>"$work/server.err" &
}

client_connected='Handshake was completed'
client_refused='The certificate chain uses expired certificate|The name in the certificate does not match the expected|The certificate is NOT trusted[^"]*'
client_start() { :; }
client_run() {
  local more=()
  [ "$test" = client-certificate ] && more=(--x509certfile /shared/client.pem --x509keyfile /shared/client.key)
  [ "$test" = alpn ] && more=(--alpn http/1.1)
  [ "$test" = key-update ] && more=(--inline-commands)
  run_client gnutls-cli --port "$port" --priority "$(priority)" --x509cafile /shared/ca.pem "${more[@]}" "$@" server
}
client_version() { grep -ahoE 'Description: [(]TLS1[.][23]' "$work"/client.* | tail -n 1 | grep -oE '1[.][23]'; }
client_alpn() { sed -n 's/^- Application protocol: //p' "$work"/client.*; }
key_update() {
  printf '^rekey^\n' >&3
  say key-update
}
resume() {
  client_run --resume --waitresumption
  await client 'This is a resumed session' || return 1
  say resumed "{\"version\": \"$(client_version)\"}"
  exchange second
}
