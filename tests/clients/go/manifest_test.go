package sidetone

import (
	"encoding/json"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/twilio/twilio-go/client"
	insights "github.com/twilio/twilio-go/rest/insights/v1"
)

type account struct {
	AccountSid string `json:"account_sid"`
	AuthToken  string `json:"auth_token"`
}

type row = map[string]interface{}

// manifest is what the seed wrote down; see ../seed.
var manifest struct {
	Url        string
	Parent     account
	Subaccount account
	ApiKey     struct {
		KeySid string `json:"key_sid"`
		Secret string
	} `json:"api_key"`
	Calls       map[string]row
	Annotations map[string]row
	NewestFirst []string `json:"newest_first"`
	Recent      []string
	Filters     []struct {
		Name   string
		Params json.RawMessage
		Expect []string
	}
	Detailed struct {
		CallSid         string `json:"call_sid"`
		Events, Metrics []row
	}
	Running         []string
	Scratch         map[string][]string
	SubaccountCalls map[string]string `json:"subaccount_calls"`
	Unknown         string
}

var voice *insights.ApiService

func TestMain(m *testing.M) {
	written, err := os.ReadFile(os.Getenv("SIDETONE_MANIFEST"))
	if err == nil {
		err = json.Unmarshal(written, &manifest)
	}
	if err != nil {
		panic(err)
	}
	voice = connect(manifest.Parent.AccountSid, manifest.Parent.AuthToken)
	os.Exit(m.Run())
}

// connect is for Insights, as `requests` is.
func connect(user, password string) *insights.ApiService {
	return insights.NewApiService(requests(user, password))
}

// requests makes of the client what the library's NewRestClientWithParams makes of it, without all its other services,
// which take minutes to compile.
func requests(user, password string) *client.RequestHandler {
	own, err := Client(manifest.Url, user, password)
	if err != nil {
		panic(err)
	}
	return client.NewRequestHandler(own)
}

// plain makes JSON values of whatever the library's types hold, without what is null.
func plain(t *testing.T, value interface{}) row {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var found row
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// holds checks that every seeded value is there; keys beyond the seeded ones are allowed.
func holds(t *testing.T, expected, actual interface{}, path string) {
	t.Helper()
	switch expected := expected.(type) {
	case row:
		found, ok := actual.(row)
		if !ok {
			t.Errorf("%s is %v", path, actual)
		}
		for key, value := range expected {
			holds(t, value, found[key], path+"."+key)
		}
	default:
		same(t, expected, actual, path)
	}
}

// same compares as JSON.
func same(t *testing.T, expected, actual interface{}, what string) {
	t.Helper()
	one, _ := json.Marshal(expected)
	other, _ := json.Marshal(actual)
	if string(one) != string(other) {
		t.Errorf("%s: expected %s, got %s", what, one, other)
	}
}

func sorted(sids []string) []string {
	found := append([]string{}, sids...)
	sort.Strings(found)
	return found
}

// knows tells whether this version of the library has all of these filters.
func knows(params json.RawMessage, into *insights.ListCallSummariesParams) bool {
	reader := json.NewDecoder(strings.NewReader(string(params)))
	reader.DisallowUnknownFields()
	return reader.Decode(into) == nil
}
