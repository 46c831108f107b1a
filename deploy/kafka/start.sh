#!/usr/bin/env bash
# Starts a broker with the settings of all files in /etc/ascolto; of two lines with the same name the later one counts. Before the
# first start it formats the storage with the administrator's credentials, which provisioning needs. The image's own start
# script would format too, and fail, because it has no option for the founder of the quorum.
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

# Succeeds if another broker answers on this port.
another_answers() {
  local one
  for one in "${controllers[@]}"; do
    [[ $one == "$BROKER_NAME":* ]] && continue
    timeout 2 bash -c "exec 3<>/dev/tcp/${one%:*}/$1" 2> /dev/null && return 0
  done
  return 1
}
# EXTRA_ARGS is empty to disable the garbage collector's log file.
export KAFKA_LOG4J_OPTS=-Dlog4j2.configurationFile=/etc/ascolto/log4j2.yaml EXTRA_ARGS=""
# meta.properties is written last, so it marks a complete format; asking the storage tool would start another JVM each time.
if [[ ! -e /var/lib/kafka/data/meta.properties ]]; then
  role=--no-initial-controllers
  if [[ $BROKER_ID != 1 ]]; then
    # An empty broker must not be a controller before there is a cluster to join.
    until another_answers 9092; do
      sleep 1
    done
  elif ! another_answers 9093; then
    # Found a cluster only if no other controller answers.
    role=--standalone
  fi
  /opt/kafka/bin/kafka-storage.sh format --cluster-id "$CLUSTER_ID" --config "$settings" $role \
    --add-scram "SCRAM-SHA-512=[name=admin,password=$ADMIN_PASSWORD]"
fi
exec /opt/kafka/bin/kafka-server-start.sh "$settings"
