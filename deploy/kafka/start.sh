#!/usr/bin/env bash
# Starts a broker with the settings of all files in /etc/ascolto: of two lines with one name the later counts. Before the
# first start the storage is made with the administrator in it: without one nobody could come in to make the others. The
# image's own start would format as well, and fail: it cannot be told who founds the quorum.
set -euo pipefail
IFS=, read -ra controllers <<< "$BROKER_CONTROLLERS"
if [[ ,$BROKER_CONTROLLERS != *",$BROKER_NAME:"* || ${#controllers[@]} != "$BROKER_REPLICAS" ]]; then
  echo "$BROKER_NAME: in .env the profile ha and ASCOLTO_REPLICAS=3 belong together; for one broker set neither" >&2
  exit 1
fi
export BROKER_IN_SYNC=$((BROKER_REPLICAS > 1 ? BROKER_REPLICAS - 1 : 1))
ADMIN_PASSWORD=$(cat /run/secrets/admin_kafka_password)
export ADMIN_PASSWORD

settings=/mnt/shared/config/server.properties
for file in /etc/ascolto/*.properties; do
  cat "$file"
  echo
done > "$settings"

# Tells whether another broker is there, by one of its ports.
another_answers() {
  local one
  for one in "${controllers[@]}"; do
    [[ $one == "$BROKER_NAME":* ]] && continue
    timeout 2 bash -c "exec 3<>/dev/tcp/${one%:*}/$1" 2> /dev/null && return 0
  done
  return 1
}
# No second log of the garbage collector in a folder that nobody empties.
export KAFKA_LOG4J_OPTS=-Dlog4j2.configurationFile=/etc/ascolto/log4j2.yaml EXTRA_ARGS=""
# Written last, so who has it was formatted whole; asking the tool about it would cost another Java at every start.
if [[ ! -e /var/lib/kafka/data/meta.properties ]]; then
  role=--no-initial-controllers
  if [[ $BROKER_ID != 1 ]]; then
    # With nothing on its disk it is no controller before there is a cluster to join: whoever answers as one has data.
    until another_answers 9092; do
      sleep 1
    done
  elif ! another_answers 9093; then
    # It never founds a second cluster beside one that is there.
    role=--standalone
  fi
  /opt/kafka/bin/kafka-storage.sh format --cluster-id "$CLUSTER_ID" --config "$settings" $role \
    --add-scram "SCRAM-SHA-512=[name=admin,password=$ADMIN_PASSWORD]"
fi
exec /opt/kafka/bin/kafka-server-start.sh "$settings"
