//go:build unix && !linux

package process

import "syscall"

// attributes give the child its own group. Without Linux's parent-death signal, a rehearsal killed with SIGKILL
// leaves its servers running.
func attributes(user *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: user}
}
