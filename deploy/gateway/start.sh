#!/bin/sh
# Writes the server names of the gateway, then executes its arguments (nginx).
# GATEWAY_HOSTS: names, addresses or URLs by commas, as in https://ascolto.example.org,www.example.org; loopback is always included.
set -eu

names="localhost 127.0.0.1 [::1]"
for word in $(printf '%s' "${GATEWAY_HOSTS-}" | tr ',' ' '); do
    name=${word#*://}
    name=${name%%/*}
    case $name in
        \[*) name="${name%%]*}]" ;;
        *) name=${name%%:*} ;;
    esac
    case $name in
        '' | *[!A-Za-z0-9._:\[\]-]*)
            echo "GATEWAY_HOSTS: '$word' is not a host: give names or addresses by commas" >&2
            exit 1
            ;;
    esac
    case " $names " in
        *" $name "*) ;;
        *) names="$names $name" ;;
    esac
done
echo "server_name $names;" > /tmp/hosts.conf
exec "$@"
