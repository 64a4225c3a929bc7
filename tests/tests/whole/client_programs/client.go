// Go's net/http. See mod.rs for what is read and printed.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

var folder, url = os.Getenv("CREDIT_DIR"), os.Getenv("CREDIT_URL")

type answer struct {
	status  int
	version string
	text    []byte
}

func client(h2 bool) *http.Client {
	ca, _ := os.ReadFile(folder + "/ca.pem")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	pair, err := tls.LoadX509KeyPair(folder+"/institutions/housing.pem", folder+"/institutions/housing.key")
	if err != nil {
		panic(err)
	}
	transport := &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}},
		ForceAttemptHTTP2:     h2,
		ExpectContinueTimeout: 5 * time.Second,
	}
	if !h2 {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func send(client *http.Client, body io.Reader, expect bool) answer {
	request, _ := http.NewRequest("POST", url+"/v1/queries", body)
	request.Header.Set("Content-Type", "application/json")
	if expect {
		request.Header.Set("Expect", "100-continue")
	}
	start := time.Now()
	reply, err := client.Do(request)
	if err != nil {
		return answer{0, err.Error(), nil}
	}
	defer reply.Body.Close()
	text, _ := io.ReadAll(reply.Body)
	version := fmt.Sprintf("h%d.%d", reply.ProtoMajor, reply.ProtoMinor)
	if expect && time.Since(start) > 4*time.Second {
		version += ", late"
	}
	return answer{reply.StatusCode, version, text}
}

func verdict(client *http.Client, got answer) string {
	var said struct{ Query, Code string }
	json.Unmarshal(got.text, &said)
	if got.status != 200 {
		return fmt.Sprintf("%d %s %s", got.status, got.version, said.Code)
	}
	for round := 0; round < 100; round++ {
		reply, err := client.Get(url + "/v1/receipts/" + said.Query)
		if err == nil {
			text, _ := io.ReadAll(reply.Body)
			reply.Body.Close()
			if reply.StatusCode == 200 && bytes.HasPrefix(text, []byte("c2sp.org/tlog-proof@v1\n")) {
				return fmt.Sprintf("200 %s receipt", got.version)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return "200, and no receipt"
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	type row struct {
		name string
		got  answer
	}
	var rows []row
	one := client(false)
	for version, client := range map[string]*http.Client{"h1": one, "h2": client(true)} {
		bodies := map[string]func(string) io.Reader{
			"bytes.Reader": func(text string) io.Reader { return bytes.NewReader([]byte(text)) },
			"io.Reader":    func(text string) io.Reader { return io.MultiReader(strings.NewReader(text)) },
			"io.Pipe": func(text string) io.Reader {
				reader, writer := io.Pipe()
				go func() { io.WriteString(writer, text); writer.Close() }()
				return reader
			},
			"Expect": func(text string) io.Reader { return strings.NewReader(text) },
		}
		for name, body := range bodies {
			input.Scan()
			rows = append(rows, row{"net/http " + name + " " + version, send(client, body(input.Text()), name == "Expect")})
		}
	}
	for _, row := range rows {
		fmt.Printf("%s\t%s\n", row.name, verdict(one, row.got))
	}
}
