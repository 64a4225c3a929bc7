import java.io.*;
import java.security.KeyStore;
import java.util.*;
import java.util.regex.*;
import javax.net.ssl.SSLContext;
import org.apache.http.HttpEntity;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.entity.GzipCompressingEntity;
import org.apache.http.client.methods.*;
import org.apache.http.entity.*;
import org.apache.http.impl.client.*;
import org.apache.http.ssl.SSLContexts;
import org.apache.http.util.EntityUtils;

/** Apache HttpClient 4.5. See mod.rs for what is read and printed. */
public class Apache4 {
    static final String URL = System.getenv("CREDIT_URL");
    static CloseableHttpClient client;

    interface Body { HttpEntity of(String text) throws Exception; }

    static String member(String name, String json) {
        Matcher found = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
        return found.find() ? found.group(1) : "none";
    }

    static String[] send(HttpUriRequest request) throws Exception {
        try (CloseableHttpResponse answer = client.execute(request)) {
            return new String[] {"" + answer.getStatusLine().getStatusCode(), EntityUtils.toString(answer.getEntity())};
        }
    }

    static String[] ask(HttpEntity body, boolean expect) throws Exception {
        HttpPost request = new HttpPost(URL + "/v1/queries");
        request.setConfig(RequestConfig.custom().setExpectContinueEnabled(expect).setSocketTimeout(20000).build());
        request.setHeader("Content-Type", "application/json");
        request.setEntity(body);
        return send(request);
    }

    static String verdict(String[] answer) throws Exception {
        if (!answer[0].equals("200")) return answer[0] + " h1.1 " + member("code", answer[1]);
        for (int round = 0; round < 100; round++) {
            String[] receipt = send(new HttpGet(URL + "/v1/receipts/" + member("query", answer[1])));
            if (receipt[0].equals("200") && receipt[1].startsWith("c2sp.org/tlog-proof@v1\n")) return "200 h1.1 receipt";
            Thread.sleep(100);
        }
        return "200, and no receipt";
    }

    public static void main(String[] arguments) throws Exception {
        char[] password = "changeit".toCharArray();
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (InputStream file = new FileInputStream(System.getenv("CREDIT_DIR") + "/ca.pem")) {
            trusted.setCertificateEntry("ca", java.security.cert.CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        SSLContext tls = SSLContexts.custom().loadKeyMaterial(new File(System.getenv("CREDIT_PKCS12")), password, password)
            .loadTrustMaterial(trusted, null).build();
        client = HttpClients.custom().setSSLContext(tls).build();
        Map<String, Body> rows = new LinkedHashMap<>();
        Body text = body -> new StringEntity(body, ContentType.APPLICATION_JSON);
        rows.put("StringEntity", text);
        rows.put("StringEntity expect", text);
        rows.put("InputStreamEntity", body -> new InputStreamEntity(new ByteArrayInputStream(body.getBytes("UTF-8"))));
        rows.put("InputStreamEntity expect", body -> new InputStreamEntity(new ByteArrayInputStream(body.getBytes("UTF-8"))));
        rows.put("EntityTemplate", body -> new EntityTemplate(out -> out.write(body.getBytes("UTF-8"))));
        rows.put("GzipCompressingEntity", body -> new GzipCompressingEntity(text.of(body)));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        Map<String, String[]> answers = new LinkedHashMap<>();
        for (Map.Entry<String, Body> row : rows.entrySet()) {
            try { answers.put(row.getKey(), ask(row.getValue().of(input.readLine()), row.getKey().endsWith("expect"))); }
            catch (Exception error) { answers.put(row.getKey(), new String[] {"0 " + error.getClass().getSimpleName(), ""}); }
        }
        for (Map.Entry<String, String[]> row : answers.entrySet())
            System.out.println("HttpClient 4.5 " + row.getKey() + "\t" + verdict(row.getValue()));
    }
}
