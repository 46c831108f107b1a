#!/bin/sh
# Writes down the hosts that the gateway answers for, then becomes the program that it was told (nginx).
# GATEWAY_HOSTS: names or addresses by commas, as in https://ascolto.example.org,www.example.org; the loopback always is one.
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
            echo "GATEWAY_HOSTS: '$word' is no host: give names or addresses by commas" >&2
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
