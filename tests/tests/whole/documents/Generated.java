import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.QueryApi;
import org.openapitools.client.model.Answer;
import org.openapitools.client.model.Problem;
import org.openapitools.client.model.Query;

/** Reads an answer and a refusal with the client that openapi-generator made, and asks the demo. Standard input: [answer,
    refusal, query]. */
public class Generated {
    static void same(Object one, Object other) {
        if (!one.equals(other)) throw new AssertionError(one + " is not " + other);
    }

    static SSLContext tls() throws Exception {
        char[] password = "changeit".toCharArray();
        KeyStore own = KeyStore.getInstance("PKCS12"), trusted = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(System.getenv("CREDIT_PKCS12"))) { own.load(file, password); }
        trusted.load(null, null);
        try (InputStream file = new FileInputStream(System.getenv("CREDIT_DIR") + "/ca.pem")) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
        keys.init(own, password);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = ApiClient.createDefaultObjectMapper();
        JsonNode input = new ObjectMapper().readTree(System.in);
        Answer answer = mapper.treeToValue(input.get(0), Answer.class);
        same(new ObjectMapper().readTree(mapper.writeValueAsString(answer)), input.get(0));
        Map<String, Object> data = answer.getData();
        for (Iterator<Map.Entry<String, JsonNode>> fields = input.get(0).get("data").fields(); fields.hasNext();) {
            Map.Entry<String, JsonNode> field = fields.next();
            same(new ObjectMapper().<JsonNode>valueToTree(data.get(field.getKey())), field.getValue());
        }
        same(data.get("credit_amount"), 1169);
        same(data.get("insurance_policies"), List.of("life"));
        same(mapper.treeToValue(input.get(1), Problem.class).getCode(), input.get(1).get("code").asText());

        HttpClient.Builder builder = HttpClient.newBuilder().sslContext(tls());
        QueryApi api = new QueryApi(new ApiClient(builder, mapper, System.getenv("CREDIT_URL")));
        Query query = new Query().scenario(input.get(2).get("scenario").asText()).operator(input.get(2).get("operator").asText());
        try {
            api.ask(query, null, null, null);
            throw new AssertionError("answered without a person");
        } catch (ApiException refused) {
            same(refused.getCode(), 400);
        }
        query.subject(input.get(2).get("subject").asText())._case(input.get(2).get("case").asText());
        Answer answered = api.ask(query, null, null, null);
        same(answered.getData().get("black_listed"), false);
        System.out.println("read");
    }
}
