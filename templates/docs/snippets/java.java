// Signs a person in and reads who it is.
import java.io.*;
import java.net.*;
import java.net.http.*;
import java.security.*;
import java.util.*;
import java.util.regex.*;
import static java.nio.charset.StandardCharsets.UTF_8;

public class SignIn {
    static final String BASE = {{ base }};
    static final String CLIENT_ID = {{ client_id }};
    static final String REDIRECT_URI = {{ redirect_uri }};
    static final HttpClient http = HttpClient.newHttpClient();
    static final Base64.Encoder base64url = Base64.getUrlEncoder().withoutPadding();

    public static void main(String[] args) throws Exception {
        // 1. Send the person here. Keep state and verifier in their session.
        String state = random(), verifier = random();
        var sha256 = MessageDigest.getInstance("SHA-256");
        byte[] digest = sha256.digest(verifier.getBytes(UTF_8));
        System.out.println("Open this, then paste the address you come back to:");
        System.out.println(BASE + "/oauth/authorize/?" + form(
            "response_type", "code",
            "client_id", CLIENT_ID,
            "redirect_uri", REDIRECT_URI,
            "scope", {{ scope }},
            "state", state,
            "code_challenge", base64url.encodeToString(digest),
            "code_challenge_method", "S256"));

        // 2. They come back. Is it the answer to this question, and from here?
        String line = new Scanner(System.in).nextLine();
        var back = new HashMap<String, String>();
        for (String pair : URI.create(line.trim()).getRawQuery().split("&")) {
            String[] parts = pair.split("=", 2);
            back.put(parts[0], URLDecoder.decode(parts[1], UTF_8));
        }
        if (!state.equals(back.get("state")) || !BASE.equals(back.get("iss")))
            throw new SecurityException("This is not the answer to my question.");
        if (back.containsKey("error")) throw new IOException(back.get("error"));

        // 3. Trade the code for tokens, once.
        String tokens = post("/oauth/token/",
            "grant_type", "authorization_code",
            "code", back.get("code"),
            "redirect_uri", REDIRECT_URI,
            "code_verifier", verifier);

        // 4. Read the person. What they did not allow is left out.
        String fields = form("fields", {{ fields }});
        var user = URI.create(BASE + "/user/api/user/?" + fields);
        System.out.println("Signed in: " + send(HttpRequest.newBuilder(user)
            .header("Authorization", "Bearer " + member(tokens, "access_token"))));

        // 5. Later: a fresh pair for the old one. Keep the new refresh token.
        tokens = post("/oauth/token/",
            "grant_type", "refresh_token",
            "refresh_token", member(tokens, "refresh_token"));

        // 6. At the end: give it back.
        post("/oauth/revoke_token/", "token", member(tokens, "refresh_token"));
        System.out.println("Signed out.");
    }

    static String post(String path, String... pairs) throws Exception {
        String body = form(pairs) + "&" + form(
{%- if not is_public %}
            "client_secret", System.getenv("CLIENT_SECRET"),
{%- endif %}
            "client_id", CLIENT_ID);
        return send(HttpRequest.newBuilder(URI.create(BASE + path))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    static String send(HttpRequest.Builder request) throws Exception {
        var answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) throw new IOException(answer.body());
        return answer.body();
    }

    static String form(String... pairs) {
        var fields = new StringJoiner("&");
        for (int i = 0; i < pairs.length; i += 2)
            fields.add(pairs[i] + "=" + URLEncoder.encode(pairs[i + 1], UTF_8));
        return fields.toString();
    }

    static String random() {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        return base64url.encodeToString(bytes);
    }

    // Enough for tokens, which are letters and digits. Else take a JSON library.
    static String member(String json, String name) {
        String wanted = "\"" + name + "\"\\s*:\\s*\"(\\w+)\"";
        var found = Pattern.compile(wanted).matcher(json);
        if (!found.find()) throw new NoSuchElementException(name);
        return found.group(1);
    }
}
