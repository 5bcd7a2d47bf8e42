// Signs a person in and reads who it is.
package main

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
)

const (
	base        = {{ base }}
	clientID    = {{ client_id }}
	redirectURI = {{ redirect_uri }}
)

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func random() string {
	bytes := make([]byte, 32)
	_, err := rand.Read(bytes)
	check(err)
	return base64.RawURLEncoding.EncodeToString(bytes)
}

func read(answer *http.Response, err error) []byte {
	check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	check(err)
	if answer.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s", answer.Status, body)
	}
	return body
}

func post(path string, form url.Values) []byte {
	form.Set("client_id", clientID)
{%- if not is_public %}
	form.Set("client_secret", os.Getenv("CLIENT_SECRET"))
{%- endif %}
	return read(http.PostForm(base+path, form))
}

func main() {
	// 1. Send the person here. Keep state and verifier in their session.
	state, verifier := random(), random()
	digest := sha256.Sum256([]byte(verifier))
	question := url.Values{
		"response_type":         {"code"},
		"client_id":             {clientID},
		"redirect_uri":          {redirectURI},
		"scope":                 { {{- scope -}} },
		"state":                 {state},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(digest[:])},
		"code_challenge_method": {"S256"},
	}
	fmt.Println("Open this, then paste the address you come back to:")
	fmt.Println(base + "/oauth/authorize/?" + question.Encode())

	// 2. They come back. Is it the answer to this question, and from here?
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	check(err)
	address, err := url.Parse(strings.TrimSpace(line))
	check(err)
	back := address.Query()
	if back.Get("state") != state || back.Get("iss") != base {
		log.Fatal("This is not the answer to my question.")
	}
	if back.Has("error") {
		log.Fatal(back.Get("error"))
	}

	// 3. Trade the code for tokens, once.
	var pair tokens
	check(json.Unmarshal(post("/oauth/token/", url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {back.Get("code")},
		"redirect_uri":  {redirectURI},
		"code_verifier": {verifier},
	}), &pair))

	// 4. Read the person. What they did not allow is left out.
	fields := url.Values{"fields": { {{- fields -}} }}
	user, err := http.NewRequest("GET", base+"/user/api/user/?"+fields.Encode(), nil)
	check(err)
	user.Header.Set("Authorization", "Bearer "+pair.Access)
	fmt.Printf("Signed in: %s\n", read(http.DefaultClient.Do(user)))

	// 5. Later: a fresh pair for the old one. Keep the new refresh token.
	check(json.Unmarshal(post("/oauth/token/", url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {pair.Refresh},
	}), &pair))

	// 6. At the end: give it back.
	post("/oauth/revoke_token/", url.Values{"token": {pair.Refresh}})
	fmt.Println("Signed out.")
}
