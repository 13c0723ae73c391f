package peer;

import io.debezium.embedded.async.ConvertingAsyncEngineBuilderFactory;
import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.JsonByteArray;
import io.debezium.engine.format.KeyValueHeaderChangeEventFormat;
import java.io.FileInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;

/**
 * Debezium's embedded engine, reading one table's changes into a sink.
 *
 * <p>Its only argument is a file of properties: those of the engine and its connector as Debezium documents them, and those whose names begin
 * with {@code peer.}: what to do with rows ({@code write} them, {@code drop} them, or {@code begin}: only note where the log ends), how many
 * there are, and where they go.
 *
 * <p>It says how far it is in lines on standard output, {@code rows N} after each batch. Whoever has seen enough ends the process.
 */
public final class Peer {
    private Peer() {}

    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        try (FileInputStream file = new FileInputStream(arguments[0])) {
            settings.load(file);
        }
        String does = settings.getProperty("peer.does");
        Authority authority = new Authority(settings.getProperty("peer.authority"));
        authority.write(settings.getProperty("database.ssl.truststore"), settings.getProperty("database.ssl.truststore.password"));
        Sink sink = does.equals("write") ? new Bulk(settings, authority.trusting()) : Sink.DROP;
        Counting counting = new Counting(sink, settings.getProperty("peer.topic"), settings.getProperty("peer.mark"));
        DebeziumEngine<ChangeEvent<byte[], byte[]>> engine = new ConvertingAsyncEngineBuilderFactory()
                .builder(KeyValueHeaderChangeEventFormat.of(JsonByteArray.class, JsonByteArray.class, JsonByteArray.class))
                .using(settings)
                .notifying(counting)
                .using((DebeziumEngine.CompletionCallback) (success, message, error) -> {
                    if (!success) {
                        System.err.println(message);
                        if (error != null) {
                            error.printStackTrace();
                        }
                        Runtime.getRuntime().halt(1);
                    }
                })
                .build();
        Thread running = new Thread(engine, "engine");
        running.start();
        if (does.equals("begin")) {
            counting.begun.await();
            engine.close(); // which writes down how far it is
        }
        running.join(); // else until somebody ends the process
    }

    /** Sink takes batches of documents. */
    interface Sink {
        Sink DROP = documents -> {};

        void write(List<ChangeEvent<byte[], byte[]>> documents) throws IOException;
    }

    /** Counting hands rows to a sink and says how many there were. */
    private static final class Counting implements DebeziumEngine.ChangeConsumer<ChangeEvent<byte[], byte[]>> {
        private final Sink sink;
        private final String topic;
        private final String mark;
        private long rows;

        /** Begun is when a row of the table of marks has come: then the engine follows the log, and its notes say from where. */
        final CountDownLatch begun = new CountDownLatch(1);

        Counting(Sink sink, String topic, String mark) {
            this.sink = sink;
            this.topic = topic;
            this.mark = mark;
        }

        @Override
        public void handleBatch(List<ChangeEvent<byte[], byte[]>> events, DebeziumEngine.RecordCommitter<ChangeEvent<byte[], byte[]>> committer)
                throws InterruptedException {
            // Changes of the schema have a topic of their own, and so have marks.
            List<ChangeEvent<byte[], byte[]>> documents = events.stream().filter(event -> event.destination().equals(topic)).toList();
            if (!documents.isEmpty()) {
                try {
                    sink.write(documents);
                } catch (IOException failed) {
                    throw new IllegalStateException("writing rows", failed);
                }
                rows += documents.size();
                System.out.println("rows " + rows);
            }
            for (ChangeEvent<byte[], byte[]> event : events) {
                committer.markProcessed(event);
            }
            committer.markBatchFinished();
            if (events.stream().anyMatch(event -> event.destination().equals(mark))) {
                begun.countDown();
            }
        }
    }
}
