package mysql

import (
	"cdcpipeline/internal/source/mysql/rdsca"
	"cdcpipeline/internal/source/preparation"
	"cmp"
	"context"
)

// Handle performs one request: it reads the secrets, connects and runs.
func Handle(ctx context.Context, secrets Secrets, req Request) (Findings, error) {
	job := preparation.Job{
		AdminSecret: req.AdminSecret, ReplicationSecret: req.ReplicationSecret, Host: req.Host, Port: req.Port, CheckOnly: req.CheckOnly,
	}
	server := Server{Host: req.Host, Port: req.Port, Certificates: cmp.Or(req.Certificates, rdsca.Certificates())}
	connect := func(admin Credentials) (*Connection, error) { return Connect(ctx, server, admin) }
	work := func(db *Connection, user Credentials, secretAddress string) (Findings, error) {
		req.secretAddress = secretAddress
		return Run(ctx, db, server.TryLogin, user, req)
	}
	return preparation.Prepare(ctx, secrets, job, connect, work) //nolint:wrapcheck // the error names what was done
}
