package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// checkTransactions finds XA transactions. Their rows are in the binary log at XA PREPARE. If one is prepared before
// DMS starts and committed later, its rows are neither loaded nor followed. For MariaDB 10.6 and newer DMS does not
// support XA at all. https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.XA
func (r *run) checkTransactions(ctx context.Context) {
	f := Finding{Check: "XA transactions", Status: OK, Value: "none prepared since the server started"}
	prepared, err := r.status(ctx, "Com_xa_prepare")
	if err != nil {
		r.broke(fmt.Errorf("counting XA transactions: %w", err))
		return
	}
	rows, err := r.db.Query(ctx, "XA RECOVER")
	switch open := openTransactions(rows); {
	case IsServerError(err, errTransactionsHidden, errSpecialPrivilege):
		f.Value += ", as far as this user may see"
	case err != nil:
		r.broke(fmt.Errorf("listing prepared XA transactions: %w", err))
		return
	case len(open) > 0:
		f.Value = preparation.Count(len(open), "transaction") + " prepared and not committed"
		f.Tell(Failed, " (or XA ROLLBACK with the same): the rows would be neither loaded nor followed; deploy again when the application has none open", open...)
		r.add(f)
		return
	}
	if prepared != "" && prepared != "0" {
		f.Status, f.Value = Warning, prepared+" prepared since the server started"
		f.Advice = "start or reload the task only while none is prepared (XA RECOVER)"
		if r.server.mariaDB() {
			f.Advice = "write followed tables in ordinary transactions: DMS supports no XA transactions of MariaDB 10.6 and newer"
		}
	}
	r.add(f)
}

// openTransactions returns a commit for each transaction in XA RECOVER's list: its format, the lengths of its two
// names, and both names.
func openTransactions(rows [][]string) []string {
	var statements []string
	for _, row := range rows {
		if len(row) < 4 {
			continue
		}
		first, err := strconv.Atoi(row[1])
		if name := row[3]; err == nil && first <= len(name) {
			statements = append(statements, fmt.Sprintf("XA COMMIT X'%s', X'%s', %s", hexadecimal(name[:first]), hexadecimal(name[first:]), row[0]))
		}
	}
	return statements
}

func hexadecimal(text string) string { return strings.ToUpper(hex.EncodeToString([]byte(text))) }

// status is a status variable of the server; empty when it does not exist.
func (r *run) status(ctx context.Context, name string) (string, error) {
	rows, err := r.db.Query(ctx, "SHOW GLOBAL STATUS LIKE '"+name+"'")
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0][1], nil
}
