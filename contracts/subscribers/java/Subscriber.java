// Subscribes to every public topic and writes one line per event: java -cp 'kafka/*' Subscriber.java BOOTSTRAP GROUP FILE (credentials in KAFKA_…)
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.serialization.StringDeserializer;

public class Subscriber {
    static final List<String> TOPICS = List.of("intake.reports", "routing.cases", "subsidies.measures", "notify.messages");
    // The field that this program reads of each type. Types that are not listed are skipped, other fields are ignored.
    static final Map<String, String> WANTED = Map.ofEntries(
        Map.entry("report-registered.v1", "category"), Map.entry("report-withdrawn.v1", "reason"), Map.entry("report-joined.v1", "main_id"),
        Map.entry("case-opened.v1", "route"), Map.entry("case-held.v1", "reason"), Map.entry("case-escalated.v1", "missed"),
        Map.entry("case-resolved.v1", "outcome"), Map.entry("case-merged.v1", "main_id"), Map.entry("case-raised.v1", "rule"),
        Map.entry("budget-exhausted.v1", "measure"), Map.entry("message-sent.v1", "template"), Map.entry("message-failed.v1", "reason"),
        Map.entry("message-suppressed.v1", "reason"));
    static final Map<String, String> LOGIN = Map.of(
        "KAFKA_PROTOCOL", "security.protocol", "KAFKA_MECHANISM", "sasl.mechanism", "KAFKA_CA", "ssl.truststore.location");
    static final String JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";";
    static final ObjectMapper JSON = new ObjectMapper();

    static String header(ConsumerRecord<String, String> message, String name) {
        return new String(message.headers().lastHeader(name).value(), java.nio.charset.StandardCharsets.UTF_8);
    }

    static Map<String, String> rowOf(ConsumerRecord<String, String> message, Set<String> seen) throws Exception {
        var row = new LinkedHashMap<>(Map.of("id", header(message, "ce_id"), "type", header(message, "ce_type")));
        if (seen.contains(row.get("id"))) {
            row.put("skipped", "copy");
        } else if (!WANTED.containsKey(row.get("type"))) {
            row.put("skipped", "unknown");
        } else {
            row.put("subject", header(message, "ce_subject"));
            row.put("sequence", header(message, "ce_sequence"));
            row.put("value", JSON.readTree(message.value()).get(WANTED.get(row.get("type"))).asText());
        }
        return row;
    }

    public static void main(String[] words) throws Exception {
        var file = Path.of(words[2]);
        var seen = new HashSet<String>(); // in your program: a table, written in one transaction with the effect
        for (var line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) seen.add(JSON.readTree(line).get("id").asText());
        var settings = new HashMap<String, Object>(Map.of("bootstrap.servers", words[0], "group.id", words[1],
            "auto.offset.reset", "earliest", "enable.auto.commit", false, "session.timeout.ms", 10_000));
        LOGIN.forEach((name, client) -> Optional.ofNullable(System.getenv(name)).ifPresent(value -> settings.put(client, value)));
        settings.put("sasl.jaas.config", JAAS.formatted(System.getenv("KAFKA_USER"), System.getenv("KAFKA_PASSWORD")));
        settings.put("ssl.truststore.type", "PEM");
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(TOPICS);
            while (true) {
                for (var message : consumer.poll(Duration.ofMillis(500))) {
                    var row = rowOf(message, seen);
                    seen.add(row.get("id"));
                    Files.writeString(file, JSON.writeValueAsString(row) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                }
                consumer.commitSync(); // only after the effects: a crash repeats events and loses none
            }
        }
    }
}
