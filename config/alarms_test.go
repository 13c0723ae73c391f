package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAlarmsAreOnByDefault(t *testing.T) {
	for _, environment := range []Environment{Dev, Prod} {
		a := Config{Environment: environment}.WithDefaults().Alarms
		require.True(t, a.On() && a.Draws())
		require.NoError(t, a.Validate())
	}
}

func TestAlarmsAreRefusedThatNobodyWouldHear(t *testing.T) {
	const topic = "arn:aws:sns:us-east-1:123456789012:ops"
	for name, c := range map[string]struct {
		alarms Alarms
		want   string
	}{
		"a topic that is none":        {Alarms{TopicArn: "ops"}, "alarms.topicArn"},
		"a FIFO topic":                {Alarms{TopicArn: topic + ".fifo"}, "alarms.topicArn"},
		"a topic and addresses":       {Alarms{TopicArn: topic, Emails: []string{"ops@example.com"}}, "alarms.emails: cannot be set together with alarms.topicArn"},
		"addresses, and no alarm":     {Alarms{Enabled: new(false), Emails: []string{"ops@example.com"}}, "alarms.emails: cannot be set together with alarms.enabled: false"},
		"a topic, and no alarm":       {Alarms{Enabled: new(false), TopicArn: topic}, "alarms.topicArn: cannot be set together with alarms.enabled: false"},
		"an address that is none":     {Alarms{Emails: []string{"ops"}}, "alarms.emails: \"ops\" must be an e-mail address"},
		"an address that is repeated": {Alarms{Emails: []string{"ops@example.com", "ops@example.com"}}, "alarms.emails[1]"},
		"an age that all data has":    {Alarms{IteratorAgeSeconds: 1}, "alarms.iteratorAgeSeconds"},
		"all of the retention":        {Alarms{RetentionPercent: 100}, "alarms.retentionPercent"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, c.alarms.WithDefaults(Dev).Validate(), c.want)
		})
	}
}
