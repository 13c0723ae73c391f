package process

import "syscall"

// attributes give the child its own group, and make the kernel end it when the rehearsal is killed.
func attributes(user *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: user}
}
