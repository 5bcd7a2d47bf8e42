package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"strings"

	"golang.org/x/oauth2"
)

const (
	base = {{ base }}
	user = base + "/user/api/user/?fields=" + {{ fields }}
)

var campus = oauth2.Config{
	ClientID:     {{ client_id }},
{%- if not is_public %}
	ClientSecret: os.Getenv("CLIENT_SECRET"),
{%- endif %}
	RedirectURL:  {{ redirect_uri }},
	Scopes:       strings.Fields({{ scope }}),
	Endpoint: oauth2.Endpoint{
		AuthURL:  base + "/oauth/authorize/",
		TokenURL: base + "/oauth/token/",
{%- if is_public %}
		AuthStyle: oauth2.AuthStyleInParams,
{%- endif %}
	},
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	// Send the person to this address; keep state and verifier in their session.
	state, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	fmt.Println(campus.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)))
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	check(err)
	address, err := url.Parse(strings.TrimSpace(line))
	check(err)
	back := address.Query()
	if back.Get("state") != state || back.Get("iss") != base {
		log.Fatal("This is not the answer to my question.")
	}

	ctx := context.Background()
	code := back.Get("code")
	token, err := campus.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	check(err)
	// This client refreshes by itself.
	answer, err := campus.Client(ctx, token).Get(user)
	check(err)
	defer answer.Body.Close()
	person, err := io.ReadAll(answer.Body)
	check(err)
	fmt.Println(string(person))
}
