package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func observed(t *testing.T) *graph {
	t.Helper()
	g, err := observe()
	require.NoError(t, err)
	return g
}

func TestThePictureIsCurrent(t *testing.T) {
	p, err := draw(observed(t), parts, flows)
	require.NoError(t, err)
	have, err := os.ReadFile(filepath.Join("..", sourceFile))
	require.NoError(t, err)
	require.Equal(t, p.source(), string(have), "stale: make diagram")
	svg, err := os.ReadFile(filepath.Join("..", pictureFile))
	require.NoError(t, err)
	drawn, err := render(string(have))
	require.NoError(t, err)
	require.True(t, string(drawn) == string(svg), "%s was not drawn from %s: make diagram", pictureFile, sourceFile)
}

func TestAFlowThatTheProgramDoesNotBearOutIsRefused(t *testing.T) {
	g := observed(t)
	for _, invented := range []flow{
		{from: "stream", to: "bucket"},              // it skips the delivery
		{from: "database", to: "stream"},            // it skips the task
		{from: "lakeDelivery", to: "domain"},        // the wrong sink
		{from: "replication", to: "searchDelivery"}, // the task only waits for it and gets no value from it
		{from: "stream", to: "nobody"},
	} {
		_, err := draw(g, parts, append(slices.Clone(flows), invented))
		require.ErrorContains(t, err, "data flows from "+invented.from+" to "+invented.to)
	}
}

func TestAComponentThatNobodyDecidedAboutIsRefused(t *testing.T) {
	without := slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.id == "bastion" })
	_, err := draw(observed(t), without, flows)
	require.ErrorContains(t, err, "cdcpipeline:bastion:Bastion that is neither drawn nor left out on purpose")
}

func TestAPartThatTheProgramDoesNotMakeIsRefused(t *testing.T) {
	invented := part{id: "queue", component: "cdcpipeline:queue:Queue", resource: "aws:sqs/queue:Queue", label: "Queue", class: "store"}
	_, err := draw(observed(t), append(slices.Clone(parts), invented), flows)
	require.ErrorContains(t, err, "cdcpipeline:queue:Queue has 0 resources of type aws:sqs/queue:Queue")
}

func TestWhatFollowsFromOtherArrowsIsNotDrawn(t *testing.T) {
	p, err := draw(observed(t), parts, flows)
	require.NoError(t, err)
	require.Contains(t, p.waits, [2]string{"replication", "lakeDelivery"}, "the task starts after the deliveries")
	require.Contains(t, p.waits, [2]string{"searchDelivery", "access"}, "the delivery is made after its grant")
	require.NotContains(t, p.waits, [2]string{"replication", "access"}, "by way of the delivery")
	require.NotContains(t, p.waits, [2]string{"replication", "stream"}, "a flow says so already")
}

func TestThePictureFollowsLightAndDark(t *testing.T) {
	svg, err := os.ReadFile(filepath.Join("..", pictureFile))
	require.NoError(t, err)
	require.Contains(t, strings.ReplaceAll(string(svg), " ", ""), "@mediascreenand(prefers-color-scheme:dark)")
}

func TestAFlowPastAThirdPartIsRefused(t *testing.T) {
	g := &graph{values: map[string][]string{"sink": {"role", "step"}, "step": {"source"}, "role": {}}}
	resources := map[string]string{"source": "source", "step": "step", "sink": "sink"}
	require.NoError(t, bearsOut(g, resources, flow{from: "source", to: "step"}))
	require.NoError(t, bearsOut(g, resources, flow{from: "step", to: "sink"}))
	require.ErrorContains(t, bearsOut(g, resources, flow{from: "source", to: "sink"}), "data flows from source to sink")
	delete(resources, "step")
	require.NoError(t, bearsOut(g, resources, flow{from: "source", to: "sink"}), "by way of what is not drawn")
}
