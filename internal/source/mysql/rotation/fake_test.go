package rotation

import (
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/source/versions"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	driver "github.com/go-sql-driver/mysql"
)

const (
	user  = "cdc_dev_0a1b2c3d"
	arn   = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:replication-AbCdEf"
	admin = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:admin-AbCdEf"
)

var errDied = errors.New("the function died")

// fuse allows a number of side effects, then fails all: the function dies at that point. Negative means no limit.
type fuse struct{ left int }

func (f *fuse) burn() error {
	if f.left == 0 {
		return errDied
	}
	f.left--
	return nil
}

// fakeWorld is a secret with its versions, the administrator's secret, and the database.
type fakeWorld struct {
	fuse     fuse
	disabled bool
	values   map[string]string // by version
	stages   map[string]string // version by stage
	adminPW  string            // in the secret
	serverPW string            // in the database
	users    map[string]*fakeUser
	refuse   string // statements with this prefix fail
}

type fakeUser struct {
	password   string
	tls        bool
	privileges map[string]bool
}

func newWorld() *fakeWorld {
	w := &fakeWorld{fuse: fuse{-1}, adminPW: "admin-0", serverPW: "admin-0", stages: map[string]string{versions.Current: "seed"}}
	w.values = map[string]string{"seed": `{"username":"` + user + `","password":"seed-password","host":"db.example","port":3306,"engine":"mysql"}`}
	w.users = map[string]*fakeUser{user: {password: "seed-password", tls: true, privileges: map[string]bool{
		"REPLICATION CLIENT ON *.*": true, "REPLICATION SLAVE ON *.*": true, "SELECT ON `shop`.`orders`": true,
	}}}
	return w
}

func (w *fakeWorld) settings() Settings {
	return Settings{User: user, Host: "db.example", Port: 3306, AdminSecret: admin}
}

func (w *fakeWorld) rotator() *Rotator {
	login := func(_ context.Context, u mysql.Credentials) error {
		if known, ok := w.users[u.Username]; ok && known.password == u.Password || u.Username == "admin" && u.Password == w.serverPW {
			return nil
		}
		return &driver.MySQLError{Number: 1045, Message: "access denied"}
	}
	return &Rotator{
		settings: w.settings(), secrets: w, patience: 50 * time.Millisecond, login: login,
		connect: func(ctx context.Context, u mysql.Credentials) (Session, error) { return w, login(ctx, u) },
	}
}

// credentials returns those of the version with a stage.
func (w *fakeWorld) credentials(stage string) mysql.Credentials {
	_, u, err := mysql.ParseSecret(arn, w.values[w.stages[stage]])
	if err != nil {
		panic(err)
	}
	return u
}

func (w *fakeWorld) DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	out := &secretsmanager.DescribeSecretOutput{RotationEnabled: aws.Bool(!w.disabled), VersionIdsToStages: map[string][]string{}}
	for stage, version := range w.stages {
		out.VersionIdsToStages[version] = append(out.VersionIdsToStages[version], stage)
	}
	return out, nil
}

func (w *fakeWorld) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	if *in.SecretId == admin {
		return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(`{"username":"admin","password":"` + w.adminPW + `"}`)}, nil
	}
	version := w.stages[aws.ToString(in.VersionStage)]
	if in.VersionId != nil && *in.VersionId != version {
		return nil, &types.InvalidRequestException{}
	}
	value, ok := w.values[version]
	if !ok {
		return nil, &types.ResourceNotFoundException{}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &value}, nil
}

func (w *fakeWorld) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	if err := w.fuse.burn(); err != nil {
		return nil, err
	}
	if _, exists := w.values[*in.ClientRequestToken]; exists {
		return nil, &types.ResourceExistsException{}
	}
	w.values[*in.ClientRequestToken] = *in.SecretString
	for _, stage := range in.VersionStages {
		w.stages[stage] = *in.ClientRequestToken
	}
	return &secretsmanager.PutSecretValueOutput{}, nil
}

func (w *fakeWorld) UpdateSecretVersionStage(_ context.Context, in *secretsmanager.UpdateSecretVersionStageInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	if err := w.fuse.burn(); err != nil {
		return nil, err
	}
	if w.stages[*in.VersionStage] != aws.ToString(in.RemoveFromVersionId) {
		return nil, &types.InvalidParameterException{}
	}
	w.stages["AWSPREVIOUS"] = *in.RemoveFromVersionId
	w.stages[*in.VersionStage] = *in.MoveToVersionId
	return &secretsmanager.UpdateSecretVersionStageOutput{}, nil
}

func (w *fakeWorld) Close() error { return nil }

func (w *fakeWorld) Exec(_ context.Context, statement string) error {
	if err := w.fuse.burn(); err != nil {
		return err
	}
	if w.refuse != "" && strings.HasPrefix(statement, w.refuse) {
		return &driver.MySQLError{Number: 1064, Message: "syntax error near " + statement}
	}
	switch {
	case strings.HasPrefix(statement, "CREATE USER"):
		w.users[between(statement, "USER '", "'@'%'")] = &fakeUser{
			password: between(statement, "BY '", "'"), tls: strings.HasSuffix(statement, "REQUIRE SSL"), privileges: map[string]bool{},
		}
	case strings.HasSuffix(statement, "REQUIRE SSL"):
		w.users[between(statement, "USER '", "'@'%'")].tls = true
	case strings.HasPrefix(statement, "ALTER USER"):
		w.users[between(statement, "USER '", "'@'%'")].password = between(statement, "BY '", "'")
	case strings.HasPrefix(statement, "GRANT "):
		w.users[between(statement, " TO '", "'@'%'")].privileges[between(statement, "GRANT ", " TO '")] = true
	case strings.HasPrefix(statement, "REVOKE "):
		delete(w.users[between(statement, " FROM '", "'@'%'")].privileges, between(statement, "REVOKE ", " FROM '"))
	default:
		return fmt.Errorf("the fake server does not know %s", statement)
	}
	return nil
}

func (w *fakeWorld) Query(_ context.Context, query string, args ...any) ([][]string, error) {
	switch {
	case query == "SHOW GLOBAL VARIABLES":
		return [][]string{{"version", "8.0.39"}, {"sql_mode", ""}}, nil
	case strings.Contains(query, "mysql.user"):
		u, ok := w.users[args[0].(string)]
		if !ok {
			return nil, nil
		}
		if strings.Contains(query, "plugin") {
			return [][]string{{"caching_sha2_password"}}, nil
		}
		return [][]string{{map[bool]string{true: "ANY"}[u.tls]}}, nil
	}
	return w.privileges(query, between(args[0].(string), "'", "'@'%'")), nil
}

func (w *fakeWorld) privileges(query, name string) [][]string {
	var rows [][]string
	if u, ok := w.users[name]; ok {
		for _, p := range slices.Sorted(maps.Keys(u.privileges)) {
			privilege, on, _ := strings.Cut(p, " ON ")
			database, table, _ := strings.Cut(strings.ReplaceAll(on, "`", ""), ".")
			level := "table_"
			if database == "*" {
				level, database, table = "user_", "", ""
			} else if table == "*" {
				level, table = "schema_", ""
			}
			if strings.Contains(query, "information_schema."+level) {
				rows = append(rows, []string{privilege, "NO", database, table})
			}
		}
	}
	return rows
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

// put writes a version of the secret without a rotation, like the bootstrap when the database moves.
func (w *fakeWorld) put(stage, id string, change map[string]any) {
	keys := map[string]any{}
	if err := json.Unmarshal([]byte(w.values[w.stages[stage]]), &keys); err != nil {
		panic(err)
	}
	maps.Copy(keys, change)
	text, err := json.Marshal(keys)
	if err != nil {
		panic(err)
	}
	w.values[id], w.stages[stage] = string(text), id
}
