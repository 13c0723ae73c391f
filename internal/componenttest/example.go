package componenttest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// printedNames is up to how many names of a type an example prints. If there are more, it prints their number.
const printedNames = 2

// Example runs an example's program under mocks, in an account with [ExistingVpc]. It prints each registered type
// with the names of its resources, or with their number.
func Example(program pulumi.RunFunc) {
	r := &Recorder{}
	if err := pulumi.RunErr(program, pulumi.WithMocks(Project, Stack, ExistingVpc{r})); err != nil {
		fmt.Println(err)
		return
	}
	names := map[string][]string{}
	for _, x := range r.Resources() {
		names[x.Type] = append(names[x.Type], x.Name)
	}
	lines := make([]string, 0, len(names))
	for typ, of := range names {
		slices.Sort(of)
		line := fmt.Sprintf("%s: %s", typ, strings.Join(of, ", "))
		if len(of) > printedNames {
			line = fmt.Sprintf("%s: %d", typ, len(of))
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
}
