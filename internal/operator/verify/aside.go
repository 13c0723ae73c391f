package verify

import (
	"context"
	"errors"
	"fmt"
)

// asideError is an error of one sink. The comparison continues with the other sinks.
type asideError struct{ error }

func (e asideError) Unwrap() error { return e.error }

// alone marks an error as that of one sink. If ctx has ended, the error ends the whole comparison.
func alone(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return asideError{err}
}

// aside keeps an error that concerns this sink alone, and returns nil. It returns any other error with the sink's name.
func (s *side) aside(err error) error {
	var alone asideError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &alone):
		s.failed = alone.error
		return nil
	}
	return fmt.Errorf("%s: %w", s.hop(), err)
}

// setAside removes the failed sinks from the comparison and records why.
func (c *comparison) setAside() {
	var left []*side
	for _, s := range c.sides {
		if s.failed == nil {
			left = append(left, s)
			continue
		}
		s.states.close()
		name := c.table.Name.String()
		c.uncompared = append(c.uncompared, Uncompared{
			Table: name, Sink: s.hop(), Problem: s.failed.Error(), Err: fmt.Errorf("comparing %s with the lake's table: %w", name, s.failed),
		})
	}
	c.sides = left
}

// described records what a sink reports of itself after it was read.
func (c *comparison) described(s *side) {
	of, ok := s.sink.(*tablesSink)
	if !ok {
		return
	}
	s.ToTheMillisecond = of.view.cut()
	s.late = of.lags && c.options.Wait == 0
}
