package source

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFamilyFollowsTheEngineVersion(t *testing.T) {
	for version, want := range map[string]string{
		"8.0.mysql_aurora.3.10.4": "aurora-mysql8.0", "8.4.7": "aurora-mysql8.4", "8.4.mysql_aurora.4.1.0": "aurora-mysql8.4",
	} {
		family, err := mysqlFamily(version)
		require.NoError(t, err)
		require.Equal(t, want, family)
	}
	for version, want := range map[string]string{"17.7": "aurora-postgresql17", "16.8": "aurora-postgresql16"} {
		family, err := postgresFamily(version)
		require.NoError(t, err)
		require.Equal(t, want, family)
	}
	for _, version := range []string{"", "8", "5.7.mysql_aurora.2.11.1"} {
		_, err := mysqlFamily(version)
		require.ErrorContains(t, err, "source.engineVersion")
	}
	for _, version := range []string{"", "17", "x.1"} {
		_, err := postgresFamily(version)
		require.ErrorContains(t, err, "source.engineVersion")
	}
}

func TestPerformanceInsightsOnlyWhereTheClassHasThem(t *testing.T) {
	for class, want := range map[string]bool{
		"db.t3.medium": false, "db.t4g.small": false, "db.t4g.medium": true, "db.r7g.large": true,
	} {
		require.Equal(t, want, supportsPerformanceInsights(class), class)
	}
}

func TestAUserNameFitsAndIsTheStacksOwn(t *testing.T) {
	name := userName("org", "project", "A-very-long/stack name of somebody", "bootstrap")
	require.Regexp(t, `^cdc_[a-z0-9_]+$`, name)
	require.LessOrEqual(t, len(name), 32)
	require.NotEqual(t, name, userName("org", "other", "A-very-long/stack name of somebody", "bootstrap"))
}
