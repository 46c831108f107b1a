#!/usr/bin/env bash
# shellcheck disable=SC2086 - options are words
exec java ${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G} -XX:+UseG1GC -XX:MaxGCPauseMillis=20 $KAFKA_LOG4J_OPTS \
  -Dkafka.logs.dir=/opt/kafka/logs -cp '/opt/kafka/libs/*' kafka.Kafka "$@"
