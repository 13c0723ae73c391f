package report

import (
	"fmt"
	"strings"
)

// Alarms are the stack's declared alarms: how many there are, how many were evaluated and silent while nothing was
// wrong, and how many fired in a fault of their own.
type Alarms struct {
	Declared          int `json:"declared"`
	SilentWhenHealthy int `json:"silent_when_healthy"`
	FiredInOwnFault   int `json:"fired_in_own_fault"`
	// Injected are the alarms on metrics that only AWS publishes, or whose fault was an injected value.
	Injected []string `json:"injected"`
	// Scale is how much faster than this machine's the alarms' clock ran: a minute took two seconds at 30. No period
	// took longer than LongestPeriodSeconds.
	Scale                float64 `json:"scale"`
	LongestPeriodSeconds float64 `json:"longest_period_seconds"`
}

// problems are alarms that fired without a problem, or were silent during one.
func (a *Alarms) problems(r *Report) []string {
	if a == nil {
		a = &Alarms{}
	}
	var p []string
	fail := func(path string, bad bool, format string, args ...any) {
		if bad && r.has(path) {
			p = append(p, "alarms: "+fmt.Sprintf(format, args...))
		}
	}
	fail("alarms.declared", a.Declared == 0, "none is declared")
	fail("alarms.silent_when_healthy", a.SilentWhenHealthy != a.Declared, "of %d %d were silent while nothing was wrong", a.Declared, a.SilentWhenHealthy)
	fail("alarms.fired_in_own_fault", a.FiredInOwnFault != a.Declared, "of %d %d have fired in their own fault", a.Declared, a.FiredInOwnFault)
	return p
}

func (a *Alarms) print(row func(name string, value any)) {
	if a == nil {
		return
	}
	row("alarms.declared", a.Declared)
	row("alarms.silent_when_healthy", a.SilentWhenHealthy)
	row("alarms.fired_in_own_fault", a.FiredInOwnFault)
	row("alarms.injected", fmt.Sprintf("%d: %s", len(a.Injected), strings.Join(a.Injected, ", ")))
	row("alarms.scale", fmt.Sprintf("%.0f times this machine's clock, no period longer than %.0f s", a.Scale, a.LongestPeriodSeconds))
}
