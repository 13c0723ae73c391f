package mysql

import (
	"cdcpipeline/internal/source/mysql/rdsca"
	"cdcpipeline/internal/source/preparation"
	"context"
	"errors"
	"fmt"
)

// Handle does one request: it reads the secrets, connects and runs.
func Handle(ctx context.Context, secrets Secrets, req Request) (findings Findings, err error) {
	_, admin, err := preparation.ReadSecret(ctx, secrets, req.AdminSecret)
	if err != nil {
		return Findings{}, err
	}
	replication, user, err := preparation.ReadSecret(ctx, secrets, req.ReplicationSecret)
	if err != nil {
		return Findings{}, err
	}
	server := Server{Host: req.Host, Port: req.Port, Certificates: req.Certificates}
	if server.Certificates == "" {
		server.Certificates = rdsca.Certificates()
	}
	db, err := Connect(ctx, server, admin)
	if err != nil {
		return Findings{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	req.secretAddress = fmt.Sprintf("%v:%v", replication["host"], replication["port"])
	findings, err = Run(ctx, db, server.TryLogin, user, req)
	if err != nil || req.CheckOnly {
		return findings, err
	}
	moved, err := replication.PointAt(ctx, secrets, req.ReplicationSecret, req.Host, req.Port)
	if moved {
		findings.Change("host and port in the replication secret")
	}
	return findings, err
}
