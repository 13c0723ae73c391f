package artifact

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/ulikunitz/xz"
)

const content = "the server"

func pinned(text string) Artifact {
	sum := sha256.Sum256([]byte(text))
	return Artifact{Group: "org.example", Name: "server", Version: "1.2.3", Packaging: "zip", SHA256: hex.EncodeToString(sum[:])}
}

// withMaven puts a fake Maven on PATH that makes the artifact, and counts its calls in the returned file.
func withMaven(t *testing.T, script string) (calls string) {
	t.Helper()
	dir := t.TempDir()
	calls = filepath.Join(dir, "calls")
	text := "#!/bin/sh\necho \"$@\" >> " + calls + "\nfor arg; do case $arg in -DoutputDirectory=*) out=${arg#*=};; esac; done\n" + script + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mvn"), []byte(text), 0o755))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return calls
}

func newCache(t *testing.T) *Cache {
	t.Helper()
	cache, err := NewCache(filepath.Join(t.TempDir(), "cache"))
	require.NoError(t, err)
	return cache
}

func lines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func TestArtifactIsDownloadedByCoordinates(t *testing.T) {
	calls := withMaven(t, "printf '"+content+"' > $out/server-1.2.3.zip")
	path, err := newCache(t).Fetch(t.Context(), pinned(content))
	require.NoError(t, err)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, content, string(got))
	require.Contains(t, lines(t, calls)[0], "maven-dependency-plugin:3.6.1:copy -Dartifact=org.example:server:1.2.3:zip")
}

func TestArtifactIsDownloadedOnce(t *testing.T) {
	calls := withMaven(t, "sleep 0.3; printf '"+content+"' > $out/server-1.2.3.zip")
	cache := newCache(t)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			_, err := cache.Fetch(t.Context(), pinned(content))
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	require.Len(t, lines(t, calls), 1)
}

func TestDamagedArtifactIsDownloadedAgain(t *testing.T) {
	calls := withMaven(t, "printf '"+content+"' > $out/server-1.2.3.zip")
	cache := newCache(t)
	path, err := cache.Fetch(t.Context(), pinned(content))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("something else"), 0o644))
	_, err = cache.Fetch(t.Context(), pinned(content))
	require.NoError(t, err)
	require.Len(t, lines(t, calls), 2)
}

func TestArtifactWithAnotherChecksumIsRefused(t *testing.T) {
	withMaven(t, "printf 'an impostor' > $out/server-1.2.3.zip")
	cache := newCache(t)
	path, err := cache.Fetch(t.Context(), pinned(content))
	require.ErrorContains(t, err, "org.example:server:1.2.3:zip")
	require.ErrorContains(t, err, pinned(content).SHA256+" is pinned")
	require.NoFileExists(t, path)
	left, err := filepath.Glob(filepath.Join(cache.Dir(), "artifacts", ".part-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestMavensComplaintIsPassedOn(t *testing.T) {
	withMaven(t, "echo 'could not resolve' >&2; exit 1")
	_, err := newCache(t).Fetch(t.Context(), pinned(content))
	require.ErrorContains(t, err, "could not resolve")
}

func TestMissingMavenIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := newCache(t).Fetch(t.Context(), pinned(content))
	require.ErrorContains(t, err, "install Maven")
}

func TestWaitingForAnotherRunEndsWithTheContext(t *testing.T) {
	cache := newCache(t)
	err := cache.Locked(t.Context(), "busy", func() error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		return cache.Locked(ctx, "busy", func() error { return nil })
	})
	require.ErrorIs(t, err, context.Canceled)
}

func TestTreeAppearsOnlyWhenItIsWhole(t *testing.T) {
	cache := newCache(t)
	path, err := cache.Tree(t.Context(), "server", func(dir string) error {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "half"), nil, 0o644))
		return os.ErrPermission
	})
	require.ErrorIs(t, err, os.ErrPermission)
	require.NoDirExists(t, path)
	built := 0
	for range 2 {
		path, err = cache.Tree(t.Context(), "server", func(dir string) error {
			built++
			return os.WriteFile(filepath.Join(dir, "whole"), nil, 0o644)
		})
		require.NoError(t, err)
	}
	require.Equal(t, 1, built)
	require.FileExists(t, filepath.Join(path, "whole"))
	require.NoFileExists(t, filepath.Join(path, "half"))
}

func TestSimultaneousRunsMakeATreeOnce(t *testing.T) {
	dir := t.TempDir()
	var made atomic.Int32
	var runs sync.WaitGroup
	for range 4 {
		runs.Go(func() {
			c, err := NewCache(dir)
			assert.NoError(t, err)
			tree, err := c.Tree(t.Context(), "server", func(dir string) error {
				made.Add(1)
				return os.WriteFile(filepath.Join(dir, "program"), nil, 0o644)
			})
			assert.NoError(t, err)
			assert.FileExists(t, filepath.Join(tree, "program"))
		})
	}
	runs.Wait()
	require.EqualValues(t, 1, made.Load())
}

func archive(t *testing.T, names ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.zip")
	file, err := os.Create(path)
	require.NoError(t, err)
	w := zip.NewWriter(file)
	for _, name := range names {
		header := &zip.FileHeader{Name: name}
		header.SetMode(0o700)
		entry, err := w.CreateHeader(header)
		require.NoError(t, err)
		_, err = entry.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, file.Close())
	return path
}

func TestUnzipTakesWhatIsBelowThePrefixReadableForAll(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, Unzip(archive(t, "server-1/bin/run", "README"), "server-1/", dir))
	info, err := os.Stat(filepath.Join(dir, "bin", "run"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o744), info.Mode().Perm())
	require.NoFileExists(t, filepath.Join(dir, "README"))
}

func TestUnzipRefusesToLeaveItsFolder(t *testing.T) {
	for _, name := range []string{"../evil", "/evil", "a/../../evil"} {
		require.ErrorContains(t, Unzip(archive(t, name), "", t.TempDir()), "leaves its folder", name)
	}
}

// Trino's archive has each jar once, and links to it from other plugins.
func TestUntarTakesWhatIsWantedAndWhatThatIsLinkedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tar.gz")
	file, err := os.Create(path)
	require.NoError(t, err)
	zipped := gzip.NewWriter(file)
	w := tar.NewWriter(zipped)
	for name, header := range map[string]tar.Header{
		"s-1/plugin/other/x.jar": {Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(content))},
		"s-1/plugin/hive/x.jar":  {Typeflag: tar.TypeLink, Linkname: "s-1/plugin/other/x.jar"},
		"s-1/lib/y.jar":          {Typeflag: tar.TypeLink, Linkname: "s-1/plugin/other/x.jar"},
		"s-1/plugin/other/z.jar": {Typeflag: tar.TypeLink, Linkname: "s-1/plugin/other/x.jar"},
	} {
		header.Name = name
		require.NoError(t, w.WriteHeader(&header))
		if header.Size > 0 {
			_, err := w.Write([]byte(content))
			require.NoError(t, err)
		}
	}
	require.NoError(t, errors.Join(w.Close(), zipped.Close(), file.Close()))
	dir := t.TempDir()
	require.NoError(t, Untar(path, "s-1/", dir, func(name string) bool { return !strings.HasPrefix(name, "plugin/other/") }))
	for _, name := range []string{"plugin/hive/x.jar", "lib/y.jar"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err, name)
		require.Equal(t, content, string(text))
	}
	require.NoDirExists(t, filepath.Join(dir, "plugin", "other"))
	require.ErrorContains(t, Untar(path, "s-1/plugin", dir, func(string) bool { return true }), "leaves its folder")
}

// PostgreSQL's archive names each library with several symbolic links.
func TestUntarTakesXZAndSymbolicLinks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.txz")
	out, err := os.Create(file)
	require.NoError(t, err)
	compressed, err := xz.NewWriter(out)
	require.NoError(t, err)
	w := tar.NewWriter(compressed)
	for _, header := range []tar.Header{
		{Name: "lib/x.so", Typeflag: tar.TypeSymlink, Linkname: "x.so.1"},
		{Name: "lib/x.so.1", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(content))},
		{Name: "lib/absent.so", Typeflag: tar.TypeSymlink, Linkname: "/etc/absent"},
	} {
		require.NoError(t, w.WriteHeader(&header))
		if header.Size > 0 {
			_, err := w.Write([]byte(content))
			require.NoError(t, err)
		}
	}
	require.NoError(t, errors.Join(w.Close(), compressed.Close(), out.Close()))
	dir := t.TempDir()
	require.NoError(t, Untar(file, "", dir, func(string) bool { return true }))
	for _, name := range []string{"x.so", "x.so.1"} {
		text, err := os.ReadFile(filepath.Join(dir, "lib", name))
		require.NoError(t, err, name)
		require.Equal(t, content, string(text))
	}
	require.NoFileExists(t, filepath.Join(dir, "lib", "absent.so"))
}

func TestClonedTreeIsSharedAndACopyIsNot(t *testing.T) {
	src, dir := t.TempDir(), t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(src, "bin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(src, "bin", "run"), []byte(content), 0o755))
	require.NoError(t, Clone(src, filepath.Join(dir, "clone")))
	require.NoError(t, Copy(src, filepath.Join(dir, "copy")))
	original, err := os.Stat(filepath.Join(src, "bin", "run"))
	require.NoError(t, err)
	clone, err := os.Stat(filepath.Join(dir, "clone", "bin", "run"))
	require.NoError(t, err)
	duplicate, err := os.Stat(filepath.Join(dir, "copy", "bin", "run"))
	require.NoError(t, err)
	require.True(t, os.SameFile(original, clone))
	require.False(t, os.SameFile(original, duplicate))
	require.Equal(t, original.Mode(), duplicate.Mode())
}
