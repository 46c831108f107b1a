#!/usr/bin/env bash
# Starts the broker as its image does. Before the first start the storage is made with the administrator in it: without
# one nobody could come in to make the others. The image itself formats only what is not formatted yet.
set -euo pipefail
ADMIN_PASSWORD=$(cat /run/secrets/admin_kafka_password)
export ADMIN_PASSWORD
/opt/kafka/bin/kafka-storage.sh format --ignore-formatted --cluster-id "$CLUSTER_ID" \
  --config /mnt/shared/config/server.properties \
  --add-scram "SCRAM-SHA-512=[name=admin,password=$ADMIN_PASSWORD]"
exec /etc/kafka/docker/run
