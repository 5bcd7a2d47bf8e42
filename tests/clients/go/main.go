// Signs a person in with golang.org/x/oauth2, reads who it is, keeps the login fresh and ends it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

func main() {
	issuer := os.Getenv("ISSUER")
	app := oauth2.Config{
		ClientID:     os.Getenv("CLIENT_ID"),
		ClientSecret: os.Getenv("CLIENT_SECRET"),
		RedirectURL:  os.Getenv("REDIRECT_URI"),
		Scopes:       []string{"basic", "profile"},
		Endpoint:     oauth2.Endpoint{AuthURL: issuer + "/oauth/authorize/", TokenURL: issuer + "/oauth/token/"},
	}
	ctx := context.Background()

	// Send the person off, and wait until they are back.
	verifier := oauth2.GenerateVerifier()
	say(map[string]string{"authorize": app.AuthCodeURL("s1", oauth2.S256ChallengeOption(verifier))})
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	check(err)
	back, err := url.Parse(strings.TrimSpace(line))
	check(err)
	if back.Query().Get("state") != "s1" {
		log.Fatal("another state")
	}

	// Trade the code, read the person.
	token, err := app.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier))
	check(err)
	answer, err := app.Client(ctx, token).Get(issuer + "/user/api/user/?fields=first_name,last_name")
	check(err)
	defer answer.Body.Close()
	var person map[string]any
	check(json.NewDecoder(answer.Body).Decode(&person))

	// The library refreshes by itself once the token is too old.
	old := *token
	old.Expiry = time.Now().Add(-time.Minute)
	fresh, err := app.TokenSource(ctx, &old).Token()
	check(err)

	// It knows no revocation: that is one form.
	form := url.Values{"token": {fresh.RefreshToken}, "client_id": {app.ClientID}, "client_secret": {app.ClientSecret}}
	revoked, err := http.PostForm(issuer+"/oauth/revoke_token/", form)
	check(err)
	defer revoked.Body.Close()

	say(map[string]any{
		"tokens":    map[string]any{"access_token": token.AccessToken, "refresh_token": token.RefreshToken, "scope": token.Extra("scope")},
		"person":    person,
		"refreshed": map[string]any{"access_token": fresh.AccessToken, "refresh_token": fresh.RefreshToken},
		"revoked":   revoked.StatusCode == http.StatusOK,
	})
}

func say(what any) {
	line, err := json.Marshal(what)
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
