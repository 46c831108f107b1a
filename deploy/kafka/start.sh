#!/usr/bin/env bash
# Starts the broker as its image does. Before the first start the storage is made with the administrator in it: without
# one nobody could come in to make the others. The image itself formats only what is not formatted yet.
set -euo pipefail
ADMIN_PASSWORD=$(cat /run/secrets/admin_kafka_password)
export ADMIN_PASSWORD
# Written last, so who has it has been formatted whole; asking the tool about it would cost another Java at every start.
if [[ ! -e /var/lib/kafka/data/meta.properties ]]; then
  /opt/kafka/bin/kafka-storage.sh format --ignore-formatted --cluster-id "$CLUSTER_ID" \
    --config /mnt/shared/config/server.properties \
    --add-scram "SCRAM-SHA-512=[name=admin,password=$ADMIN_PASSWORD]"
fi
exec /etc/kafka/docker/run
