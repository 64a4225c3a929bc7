import java.io.*;
import java.security.KeyStore;
import java.util.*;
import java.util.regex.*;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.classic.methods.*;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.*;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.SSLConnectionSocketFactory;
import org.apache.hc.core5.http.*;
import org.apache.hc.core5.http.io.entity.*;
import org.apache.hc.core5.ssl.SSLContexts;

/** Apache HttpClient 5. See mod.rs for what is read and printed. */
public class Apache5 {
    static final String URL = System.getenv("CREDIT_URL");
    static CloseableHttpClient client;

    interface Body { HttpEntity of(String text) throws Exception; }

    static String member(String name, String json) {
        Matcher found = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
        return found.find() ? found.group(1) : "none";
    }

    static String[] send(ClassicHttpRequest request) throws Exception {
        return client.execute(request, answer -> new String[] {"" + answer.getCode(), EntityUtils.toString(answer.getEntity())});
    }

    static String[] ask(HttpEntity body, boolean expect) throws Exception {
        HttpPost request = new HttpPost(URL + "/v1/queries");
        request.setConfig(RequestConfig.custom().setExpectContinueEnabled(expect).build());
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
        client = HttpClients.custom().setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
            .setSSLSocketFactory(new SSLConnectionSocketFactory(tls)).build()).build();
        Map<String, Body> rows = new LinkedHashMap<>();
        Body text = body -> new StringEntity(body, ContentType.APPLICATION_JSON);
        Body stream = body -> new InputStreamEntity(new ByteArrayInputStream(body.getBytes("UTF-8")), ContentType.APPLICATION_JSON);
        rows.put("StringEntity", text);
        rows.put("StringEntity expect", text);
        rows.put("InputStreamEntity", stream);
        rows.put("InputStreamEntity expect", stream);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        Map<String, String[]> answers = new LinkedHashMap<>();
        for (Map.Entry<String, Body> row : rows.entrySet()) {
            try { answers.put(row.getKey(), ask(row.getValue().of(input.readLine()), row.getKey().endsWith("expect"))); }
            catch (Exception error) { answers.put(row.getKey(), new String[] {"0 " + error.getClass().getSimpleName(), ""}); }
        }
        // Of a refusal, the title must be readable as it comes: the charset of the answer says how.
        HttpPost refused = new HttpPost(URL + "/v1/queries");
        refused.setEntity(new StringEntity("{}", ContentType.APPLICATION_JSON));
        boolean readable = send(refused)[1].codePoints().anyMatch(letter -> Character.UnicodeScript.of(letter) == Character.UnicodeScript.HAN);
        for (Map.Entry<String, String[]> row : answers.entrySet())
            System.out.println("HttpClient 5 " + row.getKey() + "\t" + verdict(row.getValue()));
        System.out.println("HttpClient 5 title of a refusal\t" + (readable ? "readable" : "mojibake"));
    }
}
