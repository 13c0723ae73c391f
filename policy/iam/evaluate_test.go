package iam_test

import (
	"cdcpipeline/policy/iam"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const document = `{"Version": "2012-10-17", "Statement": [
	{"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "s3:ListBucket"], "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::lake/raw/*"]},
	{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:r:1:key/k",
	 "Condition": {"StringEquals": {"kms:ViaService": "s3.r.amazonaws.com"}, "ArnLike": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::lake*"}}},
	{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": false}}}
]}`

func TestDecisions(t *testing.T) {
	d, err := iam.Parse(document)
	require.NoError(t, err)
	key := map[string]string{"kms:ViaService": "s3.r.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::lake/raw/x"}
	for name, c := range map[string]struct {
		request iam.Request
		want    iam.Decision
	}{
		"a pattern of actions":       {iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/raw/x"}, iam.Allowed},
		"actions have no case":       {iam.Request{Action: "S3:getobject", Resource: "arn:aws:s3:::lake/raw/x"}, iam.Allowed},
		"another resource":           {iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/errors/x"}, iam.NotAllowed},
		"another action":             {iam.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::lake/raw/x"}, iam.NotAllowed},
		"all conditions hold":        {iam.Request{Action: "kms:Decrypt", Resource: "arn:aws:kms:r:1:key/k", Context: key}, iam.Allowed},
		"a condition's key is not":   {iam.Request{Action: "kms:Decrypt", Resource: "arn:aws:kms:r:1:key/k"}, iam.NotAllowed},
		"a denial beats permissions": {iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/raw/x", Context: map[string]string{"aws:SecureTransport": "false"}}, iam.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := iam.Evaluate([]iam.Document{d}, c.request)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestADenialWinsWhereverItStands(t *testing.T) {
	d, err := iam.Parse(`{"Statement": [{"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}`)
	require.NoError(t, err)
	got, err := iam.Evaluate([]iam.Document{d}, iam.Request{Action: "s3:DeleteObject", Resource: "arn:aws:s3:::lake/x"})
	require.NoError(t, err)
	require.Equal(t, iam.Denied, got)
}

func TestPrincipals(t *testing.T) {
	d, err := iam.Parse(`{"Statement": {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com", "AWS": "arn:aws:iam::1:root"}, "Action": "sts:AssumeRole"}}`)
	require.NoError(t, err)
	for principal, want := range map[string]iam.Decision{
		"firehose.amazonaws.com": iam.Allowed, "lambda.amazonaws.com": iam.NotAllowed,
		"arn:aws:iam::1:role/r": iam.Allowed, "arn:aws:iam::2:role/r": iam.NotAllowed,
	} {
		got, err := iam.Evaluate([]iam.Document{d}, iam.Request{Principal: principal, Action: "sts:AssumeRole"})
		require.NoError(t, err)
		require.Equal(t, want, got, principal)
	}
}

func TestWhatIsNotUnderstoodIsAnError(t *testing.T) {
	for _, text := range []string{
		`{"Statement": [{"Effect": "Allow", "NotAction": "s3:*"}]}`,
		`{"Statement": [{"Effect": "Perhaps", "Action": "s3:*"}]}`,
		`{"Statement": "all"}`,
		`not json`,
	} {
		_, err := iam.Parse(text)
		require.Error(t, err, text)
	}
	d, err := iam.Parse(`{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {"aws:CurrentTime": "x"}}}]}`)
	require.NoError(t, err)
	_, err = iam.Evaluate([]iam.Document{d}, iam.Request{Action: "s3:GetObject", Resource: "x", Context: map[string]string{"aws:CurrentTime": "x"}})
	require.ErrorContains(t, err, "DateLessThan")
}

func TestAPatternMatchesWhatItWasMadeFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringMatching(`[a-z:/-]{0,6}`), 2, 5).Draw(t, "parts")
		pattern, text := parts[0], parts[0]
		for _, part := range parts[1:] {
			pattern += "*" + part
			text += rapid.StringMatching(`[a-z]{0,3}`).Draw(t, "star") + part
		}
		require.True(t, iam.Covers([]string{pattern}, text), "%s %s", pattern, text)
	})
}
