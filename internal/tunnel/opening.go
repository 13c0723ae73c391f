package tunnel

import (
	"context"
	"errors"
	"fmt"
)

// opening is a session that is being started. All who need it share it. When nobody waits any more, it is cancelled.
type opening struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int

	session *session
	err     error
}

var errClosed = errors.New("the tunnel is closed")

// session returns the current session, or starts another when that has ended.
func (t *Tunnel) session(ctx context.Context) (*session, error) {
	t.mu.Lock()
	if t.ctx.Err() != nil {
		t.mu.Unlock()
		return nil, errClosed
	}
	if s := t.current; s != nil {
		if s.usable() {
			t.mu.Unlock()
			return s, nil
		}
		t.current = nil
		t.running.Go(s.close)
	}
	if t.opening == nil {
		t.begin()
	}
	o := t.opening
	o.waiting++
	t.mu.Unlock()

	defer t.leave(o)
	select {
	case <-o.done:
		return o.session, o.err
	case <-ctx.Done():
		select {
		case <-o.done:
			return o.session, o.err
		default:
			return nil, fmt.Errorf("waiting for the tunnel's session: %w", context.Cause(ctx))
		}
	}
}

func (t *Tunnel) leave(o *opening) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o.waiting--; o.waiting == 0 {
		o.cancel()
		if t.opening == o {
			t.opening = nil
		}
	}
}

// begin requires the lock.
func (t *Tunnel) begin() {
	ctx, cancel := context.WithCancel(t.ctx)
	o := &opening{done: make(chan struct{}), cancel: cancel}
	t.opening = o
	t.running.Go(func() {
		defer close(o.done)
		defer cancel()
		s, err := t.open(ctx)
		if err != nil && ctx.Err() == nil {
			t.report(err)
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.opening == o {
			t.opening = nil
		}
		switch {
		case err != nil:
			o.err = err
		case ctx.Err() != nil: // closed, or nobody waits any more
			o.err = errClosed
			t.running.Go(s.close)
		default:
			t.current, o.session = s, s
			t.sessions++
			t.said = ""
			t.running.Go(func() { t.watch(s) })
		}
	})
}

// watch reports why a session ended, unless this side ended it.
func (t *Tunnel) watch(s *session) {
	<-s.channel.ctx.Done()
	if cause := s.channel.cause(); !errors.Is(cause, errEnded) {
		t.report(fmt.Errorf("SSM session %s ended; its connections are reset, the next one starts another session: %w", s.id, cause))
	}
}

// open starts a session to the target. If the target changes in the meantime, it starts one to the new target.
func (t *Tunnel) open(ctx context.Context) (*session, error) {
	for {
		target, changed, err := t.await(ctx)
		if err != nil {
			return nil, err
		}
		attempt, cancel := context.WithCancel(ctx)
		t.running.Go(func() {
			defer cancel()
			select {
			case <-changed:
			case <-attempt.Done():
			}
		})
		s, err := t.openTo(attempt, target)
		stale := attempt.Err() != nil && ctx.Err() == nil
		cancel()
		if !stale {
			return s, err
		}
		if s != nil {
			s.close()
		}
	}
}

func (t *Tunnel) openTo(ctx context.Context, target Target) (*session, error) {
	t.mu.Lock()
	o := t.options
	t.mu.Unlock()
	if o.Account != "" {
		if err := checkAccount(ctx, o.AWS, o.Account); err != nil {
			if expired(err) {
				return nil, explainCall(target, err)
			}
			return nil, fmt.Errorf("checking whose credentials these are: %w", err)
		}
	}
	waiting := func() {
		o.Log("tunnel: instance %s has not registered with SSM yet; waiting for it, %s at most", target.InstanceID, o.limits.registration)
	}
	refused := func() {
		t.report(fmt.Errorf("instance %s cannot connect to %s:%d: see that the host name is right and that its security group allows the instance's",
			target.InstanceID, target.Host, target.Port))
	}
	s, err := openSession(ctx, o.AWS, target, o.limits, waiting, refused)
	if err != nil {
		return nil, err
	}
	o.Log("tunnel: %s leads to %s:%d through instance %s", t.Addr(), target.Host, target.Port, target.InstanceID)
	return s, nil
}

// await returns the target once it is set, and a channel that is closed when the target changes.
func (t *Tunnel) await(ctx context.Context) (Target, <-chan struct{}, error) {
	ctx, cancel := context.WithTimeout(ctx, t.limits().target)
	defer cancel()
	for {
		t.mu.Lock()
		target, changed := t.target, t.changed
		t.mu.Unlock()
		if target != (Target{}) {
			return target, changed, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Target{}, nil, fmt.Errorf("nobody has told the tunnel which instance and host it leads to: %w", ctx.Err())
		}
	}
}

// drop gives up a session that does not work.
func (t *Tunnel) drop(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == s {
		t.current = nil
		t.running.Go(s.close)
	}
}
