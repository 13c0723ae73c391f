package peer;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.debezium.engine.ChangeEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import org.apache.http.HttpHost;
import org.apache.http.entity.ByteArrayEntity;
import org.apache.http.entity.ContentType;
import org.apache.http.message.BasicHeader;
import org.apache.http.util.EntityUtils;
import org.opensearch.client.Request;
import org.opensearch.client.Response;
import org.opensearch.client.RestClient;

/** Bulk writes each batch as one bulk request of OpenSearch's own client, with the primary key as the document's id and the row as it came. */
final class Bulk implements Peer.Sink {
    private static final ContentType NDJSON = ContentType.create("application/x-ndjson", StandardCharsets.UTF_8);
    private static final byte[] NO_ERRORS = "{\"errors\":false}".getBytes(StandardCharsets.UTF_8);

    private final RestClient client;
    private final String path;
    private final String key;
    private final ObjectMapper mapper = new ObjectMapper();

    Bulk(Properties settings, SSLContext trusting) {
        client = RestClient.builder(HttpHost.create(settings.getProperty("peer.endpoint")))
                .setCompressionEnabled(Boolean.parseBoolean(settings.getProperty("peer.gzip")))
                .setDefaultHeaders(new BasicHeader[] {new BasicHeader("Authorization", settings.getProperty("peer.authorization"))})
                .setHttpClientConfigCallback(http -> http.setSSLContext(trusting))
                .build();
        path = "/" + settings.getProperty("peer.index") + "/_bulk";
        key = settings.getProperty("peer.key");
    }

    @Override
    public void write(List<ChangeEvent<byte[], byte[]>> documents) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream(documents.size() * 1536);
        for (ChangeEvent<byte[], byte[]> document : documents) {
            String id = mapper.readTree(document.key()).get(key).asText();
            body.writeBytes(("{\"index\":{\"_id\":\"" + id + "\"}}\n").getBytes(StandardCharsets.UTF_8));
            body.writeBytes(document.value());
            body.write('\n');
        }
        Request request = new Request("POST", path);
        request.addParameter("filter_path", "errors"); // the shortest answer there is
        request.setEntity(new ByteArrayEntity(body.toByteArray(), NDJSON));
        Response response = client.performRequest(request);
        byte[] answer = EntityUtils.toByteArray(response.getEntity());
        if (!Arrays.equals(answer, NO_ERRORS)) {
            throw new IOException("the node answered " + new String(answer, StandardCharsets.UTF_8));
        }
    }
}
