package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// Program measures the Pulumi program in a preview without the engine, for this build and for the earlier commit.
type Program struct {
	Now    Preview `json:"now"`
	Before Preview `json:"before"`
	// Ratio is the ratio of milliseconds in each round.
	Ratio Spread `json:"ratio"`
}

// Preview has the cost of one preview.
type Preview struct {
	Milliseconds   Spread `json:"ms"`
	Allocations    int64  `json:"allocations"`
	AllocatedBytes int64  `json:"allocated_bytes"`
}

// tested is a compiled benchmark and its working directory.
type tested struct{ binary, dir string }

// program measures both builds in turn.
func (b *bench) program(ctx context.Context, project string) error {
	both := []tested{
		{filepath.Join(b.dir, "program-now"), filepath.Join(project, "program")},
		{filepath.Join(b.dir, "program-before"), filepath.Join(b.programs.tree, "components", "pipeline")},
	}
	for _, t := range both {
		if err := run(ctx, t.dir, "go", "test", "-c", "-trimpath", "-o", t.binary, "."); err != nil {
			return err
		}
	}
	var took [2][]float64
	var shown [2]Preview
	for round := range rounds {
		for turn := range both {
			which := (round + turn) % len(both)
			ms, p, err := both[which].preview(ctx)
			if err != nil {
				return err
			}
			took[which], shown[which] = append(took[which], ms), p
		}
	}
	ratios := make([]float64, rounds)
	for i := range ratios {
		ratios[i] = took[0][i] / took[1][i]
	}
	shown[0].Milliseconds, shown[1].Milliseconds = spread(took[0]), spread(took[1])
	b.report.Program = Program{Now: shown[0], Before: shown[1], Ratio: spread(ratios)}
	return nil
}

// previews is the number of previews in a run. The first one may have to compile the functions, so it does not
// count.
const previews = "5x"

func (t tested) preview(ctx context.Context) (ms float64, p Preview, err error) {
	cmd := exec.CommandContext(ctx, t.binary, "-test.run=^$", "-test.bench=^BenchmarkProgram$", "-test.benchtime="+previews)
	cmd.Dir, cmd.Env = t.dir, append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
	said, err := cmd.CombinedOutput()
	if err == nil {
		ms, p, err = readBenchmark(said)
	}
	if err != nil {
		return 0, p, fmt.Errorf("measuring the program in %s: %w: %s", t.dir, err, said)
	}
	return ms, p, nil
}

// shown matches the output of a benchmark: BenchmarkProgram-2 5 123456 ns/op 1234 B/op 12 allocs/op.
var shown = regexp.MustCompile(`(?m)^BenchmarkProgram\S*\s+\d+\s+(\d+(?:\.\d+)?) ns/op\s+(\d+) B/op\s+(\d+) allocs/op`)

func readBenchmark(said []byte) (ms float64, p Preview, err error) {
	found := shown.FindSubmatch(bytes.TrimSpace(said))
	if found == nil {
		return 0, p, errors.New("there is no line of the benchmark")
	}
	nanoseconds, err1 := strconv.ParseFloat(string(found[1]), 64)
	var err2, err3 error
	p.AllocatedBytes, err2 = strconv.ParseInt(string(found[2]), 10, 64)
	p.Allocations, err3 = strconv.ParseInt(string(found[3]), 10, 64)
	return nanoseconds / 1e6, p, errors.Join(err1, err2, err3)
}
