//go:build browser

package page

import (
	"bytes"
	"cdcpipeline/rehearsal/report"
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// results is where a rehearsal leaves its page, and this test its screenshots.
var results = filepath.Join("..", "..", "..", ".cache", "rehearsal")

// browser is a headless Chromium with its errors.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	asked      []string
}

func open(t *testing.T) *browser {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	b := &browser{t: t}
	b.ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(b.heard))
	t.Cleanup(cancel)
	_, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err, "the page is looked at in Chromium: install it (Debian: apt-get install chromium; macOS: brew install --cask google-chrome)")
	_, err = chromedp.Call(b.ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	return b
}

// heard is called for each event of the page.
func (b *browser) heard(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, "console: "+string(e.Type))
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "data:") {
			b.asked = append(b.asked, e.Request.URL)
		}
	}
}

// visit opens a page at a width, in a colour scheme.
func (b *browser) visit(url string, width int64, scheme string) {
	b.t.Helper()
	b.mu.Lock()
	b.complaints, b.asked = nil, nil
	b.mu.Unlock()
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 2, Mobile: width < 600})
	require.NoError(b.t, err)
	_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	require.NoError(b.t, err)
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.Navigate(url)))
}

// ask evaluates an expression in the page.
func ask[T any](b *browser, expression string) T {
	b.t.Helper()
	answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	require.NoError(b.t, err)
	return answer
}

// quiet requires that there were no errors, and no requests except the page itself.
func (b *browser) quiet(url string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.complaints)
	require.Equal(b.t, []string{url}, b.asked)
}

func (b *browser) picture(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(b.t, err)
	require.NoError(b.t, os.MkdirAll(results, 0o750))
	require.NoError(b.t, os.WriteFile(filepath.Join(results, name), png, 0o600))
}

// file writes a page and returns its address. A live page is not reloaded there, because that would disturb the test.
func file(t *testing.T, w report.Whole, live *Live) string {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, Render(&text, w, live))
	path := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(path, bytes.Replace(text.Bytes(), []byte(`<meta http-equiv="refresh" content="2">`), nil, 1), 0o600))
	return address(path)
}

func address(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

const (
	desk, phone = 1280, 390

	// overflow are elements wider than the page, except those that scroll by themselves.
	overflow = `[...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll") && e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5 &&
		e.getClientRects().length > 0).map(e => e.outerHTML.slice(0, 120))`
	// tooClose are texts of a drawing that overlap each other, overlap a foreign box, or leave the drawing.
	tooClose = `(() => {
		const svg = [...document.querySelectorAll("svg.picture, svg.chart")].filter(e => e.getClientRects().length > 0), found = [];
		for (const one of svg) {
			const frame = one.getBoundingClientRect(), texts = [...one.querySelectorAll("text")].map(e => [e.textContent, e.getBoundingClientRect()]);
			for (const label of one.querySelectorAll("text.label"))
				for (const box of one.querySelectorAll(".box rect")) {
					const a = label.getBoundingClientRect(), b = box.getBoundingClientRect();
					if (a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom) found.push(label.textContent + " over a box");
				}
			for (const [i, [name, a]] of texts.entries()) {
				if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 1 || a.bottom > frame.bottom + 1) found.push(name + " is outside");
				for (const [other, b] of texts.slice(i + 1))
					if (a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom) found.push(name + " over " + other);
			}
		}
		return found;
	})()`
	// crossed are texts of the picture that a line crosses.
	crossed = `(() => {
		const found = [];
		for (const svg of document.querySelectorAll("svg.picture")) {
			if (svg.getClientRects().length == 0) continue;
			for (const line of svg.querySelectorAll(".line"))
				for (let at = 0; at < line.getTotalLength(); at += 2) {
					const p = line.getPointAtLength(at);
					for (const text of svg.querySelectorAll("text")) {
						const b = text.getBBox();
						if (p.x > b.x && p.x < b.x + b.width && p.y > b.y + 2 && p.y < b.y + b.height - 2) found.push(text.textContent);
					}
				}
		}
		return [...new Set(found)];
	})()`
	// faint are texts whose contrast with the background is below 4.5.
	faint = `(() => {
		const light = c => { const [r, g, b] = c.match(/[\d.]+/g).slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
		const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\)$/.test(c) && c != "transparent") return c; } return "rgb(255, 255, 255)"; };
		const found = [];
		for (const e of document.querySelectorAll("body *")) {
			if (e.getClientRects().length == 0 || ![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())) continue;
			const style = getComputedStyle(e), box = e.closest("g.box")?.querySelector("rect");
			const [a, b] = [light(e.closest("svg") ? style.fill : style.color), light(box ? getComputedStyle(box).fill : ground(e))].sort((x, y) => y - x);
			if ((a + 0.05) / (b + 0.05) < 4.5) found.push(e.textContent + " " + ((a + 0.05) / (b + 0.05)).toFixed(2));
		}
		return [...new Set(found)];
	})()`
)

func TestThePageInABrowser(t *testing.T) {
	b := open(t)
	url := file(t, full(t), nil)
	grounds := map[string]string{}
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{desk, phone} {
			b.visit(url, width, scheme)
			text := ask[string](b, "document.body.innerText")
			for _, figure := range []string{
				"2 of 2 parts passed", "13,001", "changes written", "0 lost", "1.9 s · 5.3 s", "47 s · 56 s", "8,201 rows", "3 refused, 7 parked", "present rows in OpenSearch",
				"faults one after the other", "cdc-search-delivery-freshness", "domain killed", "42 declared", "AWS itself", "terraform-provider-aws",
			} {
				require.Contains(t, text, figure)
			}
			require.Empty(t, ask[[]string](b, overflow), "at %d", width)
			require.LessOrEqual(t, ask[int64](b, "document.documentElement.scrollWidth"), width)
			require.Empty(t, ask[[]string](b, tooClose), "at %d", width)
			require.Empty(t, ask[[]string](b, crossed), "at %d", width)
			require.Empty(t, ask[[]string](b, faint), "%s at %d", scheme, width)
			size := ask[[]float64](b, `(r => [r.width, r.height])([...document.querySelectorAll("svg.picture")].filter(e => e.getClientRects().length > 0)[0].getBoundingClientRect())`)
			require.Greater(t, size[0], 320.0)
			require.Greater(t, size[1], 300.0)
			require.Equal(t, int64(1), ask[int64](b, `[...document.querySelectorAll("svg.picture")].filter(e => e.getClientRects().length > 0).length`))
			require.Equal(t, int64(6), ask[int64](b, `[...document.querySelectorAll(".chart .curve")].filter(e => e.getTotalLength() > 100).length`))
			grounds[scheme] = ask[string](b, "getComputedStyle(document.body).backgroundColor")
			b.quiet(url)
		}
	}
	require.NotEqual(t, grounds["light"], grounds["dark"])
}

func TestAnEmptyPageInABrowser(t *testing.T) {
	b := open(t)
	url := file(t, report.Whole{Report: &report.Report{}}, nil)
	b.visit(url, phone, "light")
	require.Contains(t, ask[string](b, "document.body.innerText"), "No part has been run")
	require.Empty(t, ask[[]string](b, overflow))
	b.quiet(url)
}

func TestTheLivePageInABrowser(t *testing.T) {
	b := open(t)
	url := file(t, full(t), running())
	for _, width := range []int64{desk, phone} {
		b.visit(url, width, "light")
		text := ask[string](b, "document.body.innerText")
		require.Contains(t, text, "records a second")
		require.Contains(t, text, "shop.ledger.42")
		require.Empty(t, ask[[]string](b, overflow), "at %d", width)
		require.Empty(t, ask[[]string](b, tooClose), "at %d", width)
		require.Empty(t, ask[[]string](b, crossed), "at %d", width)
		b.quiet(url)
	}
}

func TestTheLivePageIsAskedForAgain(t *testing.T) {
	b := open(t)
	whole := full(t)
	url, err := Serve(t.Context(), func() (report.Whole, *Live) { return whole, running() })
	require.NoError(t, err)
	b.visit(url, desk, "light")
	require.Eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.asked) > 2
	}, time.Minute, 100*time.Millisecond)
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(t, b.complaints)
	for _, asked := range b.asked {
		require.Equal(t, url, asked)
	}
}

// The screenshots show the last rehearsal's page if there is one, otherwise the example's.
func TestPicturesOfThePage(t *testing.T) {
	path, err := filepath.Abs(filepath.Join(results, "report.html"))
	require.NoError(t, err)
	url := address(path)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		url = file(t, full(t), nil)
	}
	b := open(t)
	for _, scheme := range []string{"light", "dark"} {
		for name, width := range map[string]int64{"": desk, "-phone": phone} {
			b.visit(url, width, scheme)
			require.Empty(t, ask[[]string](b, overflow), "at %d", width)
			require.Empty(t, ask[[]string](b, tooClose), "at %d", width)
			b.quiet(url)
			b.picture("report-" + scheme + name + ".png")
		}
	}
}
