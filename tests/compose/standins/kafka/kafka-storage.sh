#!/usr/bin/env bash
# shellcheck disable=SC2086 - options are words
exec java -Xmx256m -XX:TieredStopAtLevel=1 $KAFKA_LOG4J_OPTS -cp '/opt/kafka/libs/*' kafka.tools.StorageTool "$@"
