package docs

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// page is what a Markdown file points to, and what can be pointed to in it.
type page struct {
	links   []string
	anchors map[string]bool
}

var sources = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

func read(file string) (page, error) {
	source, err := os.ReadFile(file) //nolint:gosec // a page of the repository
	if err != nil {
		return page{}, fmt.Errorf("reading a page: %w", err)
	}
	p := page{anchors: map[string]bool{}}
	times := map[string]int{}
	err = ast.Walk(goldmark.DefaultParser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			p.links = append(p.links, string(n.Destination))
		case *ast.Image:
			p.links = append(p.links, string(n.Destination))
		case *ast.HTMLBlock:
			for _, found := range sources.FindAllSubmatch(n.Lines().Value(source), -1) {
				p.links = append(p.links, string(found[1]))
			}
		case *ast.Heading:
			anchor := slug(string(n.Lines().Value(source)))
			if times[anchor]++; times[anchor] > 1 {
				anchor = fmt.Sprintf("%s-%d", anchor, times[anchor]-1)
			}
			p.anchors[anchor] = true
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return page{}, fmt.Errorf("walking through %s: %w", file, err)
	}
	return p, nil
}

// slug is the anchor that GitHub gives a heading.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

func TestAHeadingHasTheAnchorThatGitHubGivesIt(t *testing.T) {
	for heading, anchor := range map[string]string{
		"From a domain to collections, and back": "from-a-domain-to-collections-and-back",
		"The operator: `cdc`":                    "the-operator-cdc",
		"`search.current`":                       "searchcurrent",
		"Alarm data-at-risk":                     "alarm-data-at-risk",
	} {
		require.Equal(t, anchor, slug(heading))
	}
}

func TestLinksWithinTheRepositoryLeadSomewhere(t *testing.T) {
	pages := map[string]page{}
	require.NoError(t, filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != "..":
			return fs.SkipDir
		case filepath.Ext(file) == ".md":
			pages[file], err = read(file)
		}
		return err
	}))
	checked := 0
	for file, p := range pages {
		for _, link := range p.links {
			to, err := url.Parse(link)
			require.NoError(t, err, "%s: %s", file, link)
			if to.Scheme != "" || to.Host != "" {
				continue
			}
			checked++
			target := file
			if to.Path != "" {
				target = filepath.Join(filepath.Dir(file), to.Path)
			}
			_, err = os.Stat(target)
			if err == nil && to.Fragment != "" && !pages[target].anchors[to.Fragment] {
				err = fmt.Errorf("%s has no heading #%s", target, to.Fragment)
			}
			if err != nil {
				t.Errorf("%s links to %s: %v", file, link, err)
			}
		}
	}
	require.Greater(t, checked, 100, "the links were not found")
}
