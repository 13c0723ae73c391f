// Command contender writes rows into OpenSearch in one of several ways. The benchmark compares them.
package main

import (
	"cdcpipeline/rehearsal/bench/drive"
	"fmt"
)

func main() {
	drive.Main(func(t drive.Task) (drive.Worker, error) {
		switch t.Kind {
		case "function":
			return function(t)
		case "indexer":
			return indexer(t)
		case "raw":
			return raw(t)
		case "read":
			return reader(), nil
		}
		return nil, fmt.Errorf("there is no contender %q", t.Kind)
	})
}
