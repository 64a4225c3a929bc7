import java.io.*;
import java.net.URI;
import java.net.URL;
import java.net.http.*;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.*;
import java.security.KeyStore;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.TimeUnit;
import java.util.regex.*;
import javax.net.ssl.*;

/** The JDK's HttpClient and HttpsURLConnection. See mod.rs for what is read and printed. */
public class Client {
    static final String URL = System.getenv("CREDIT_URL");
    static SSLContext tls;

    interface Call { String[] with(String body) throws Exception; }

    static SSLContext tls() throws Exception {
        char[] password = "changeit".toCharArray();
        KeyStore own = KeyStore.getInstance("PKCS12"), trusted = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(System.getenv("CREDIT_PKCS12"))) { own.load(file, password); }
        trusted.load(null, null);
        try (InputStream file = new FileInputStream(System.getenv("CREDIT_DIR") + "/ca.pem")) {
            trusted.setCertificateEntry("ca", java.security.cert.CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
        keys.init(own, password);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    static HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create(URL + path)).timeout(Duration.ofSeconds(20));
    }

    static String[] modern(HttpClient.Version version, boolean expect, BodyPublisher body) throws Exception {
        HttpClient client = HttpClient.newBuilder().sslContext(tls).version(version).build();
        HttpRequest request = to("/v1/queries").header("Content-Type", "application/json").expectContinue(expect).POST(body).build();
        // Its own time-out does not end a wait for 100.
        HttpResponse<String> answer = client.sendAsync(request, HttpResponse.BodyHandlers.ofString()).get(20, TimeUnit.SECONDS);
        return new String[] {"" + answer.statusCode(), answer.version() == HttpClient.Version.HTTP_2 ? "h2" : "h1.1", answer.body()};
    }

    static String[] old(String body, boolean chunked) throws Exception {
        HttpsURLConnection connection = (HttpsURLConnection) new URL(URL + "/v1/queries").openConnection();
        connection.setSSLSocketFactory(tls.getSocketFactory());
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/json");
        if (chunked) connection.setChunkedStreamingMode(0);
        try (OutputStream out = connection.getOutputStream()) { out.write(body.getBytes("UTF-8")); }
        int status = connection.getResponseCode();
        InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream();
        return new String[] {"" + status, "h1.1", new String(in.readAllBytes(), "UTF-8")};
    }

    static Path file(String body) throws IOException {
        Path path = Files.createTempFile("body", ".json");
        path.toFile().deleteOnExit();
        return Files.writeString(path, body);
    }

    static String member(String name, String json) {
        Matcher found = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
        return found.find() ? found.group(1) : "none";
    }

    static String verdict(String[] answer) throws Exception {
        if (!answer[0].equals("200")) return answer[0] + " " + answer[1] + " " + member("code", answer[2]);
        HttpClient client = HttpClient.newBuilder().sslContext(tls).build();
        HttpRequest request = to("/v1/receipts/" + member("query", answer[2])).build();
        for (int round = 0; round < 100; round++) {
            HttpResponse<String> receipt = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (receipt.statusCode() == 200 && receipt.body().startsWith("c2sp.org/tlog-proof@v1\n")) return "200 " + answer[1] + " receipt";
            Thread.sleep(100);
        }
        return "200, and no receipt";
    }

    public static void main(String[] arguments) throws Exception {
        tls = tls();
        HttpClient.Version h1 = HttpClient.Version.HTTP_1_1, h2 = HttpClient.Version.HTTP_2;
        Map<String, Call> rows = new LinkedHashMap<>();
        for (HttpClient.Version version : List.of(h1, h2)) {
            String name = version == h1 ? " h1" : " h2";
            rows.put("HttpClient ofString" + name, body -> modern(version, false, BodyPublishers.ofString(body)));
            rows.put("HttpClient ofFile" + name, body -> modern(version, false, BodyPublishers.ofFile(file(body))));
            rows.put("HttpClient ofInputStream" + name,
                body -> modern(version, false, BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body.getBytes()))));
            rows.put("HttpClient fromPublisher" + name,
                body -> modern(version, false, BodyPublishers.fromPublisher(BodyPublishers.ofString(body))));
            rows.put("HttpClient expectContinue" + name, body -> modern(version, true, BodyPublishers.ofString(body)));
        }
        rows.put("HttpsURLConnection", body -> old(body, false));
        rows.put("HttpsURLConnection chunked", body -> old(body, true));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        Map<String, String[]> answers = new LinkedHashMap<>();
        for (Map.Entry<String, Call> row : rows.entrySet()) {
            String[] answer;
            try { answer = row.getValue().with(input.readLine()); }
            catch (Exception error) { answer = new String[] {"0", error.getClass().getSimpleName(), ""}; }
            answers.put(row.getKey(), answer);
        }
        for (Map.Entry<String, String[]> row : answers.entrySet()) System.out.println(row.getKey() + "\t" + verdict(row.getValue()));
        System.exit(0);
    }
}
