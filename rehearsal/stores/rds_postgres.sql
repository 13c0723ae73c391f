-- What Amazon RDS adds to PostgreSQL, as far as a replication source is set up with it: the roles, and what the master user's
-- may do, https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html.
-- Nobody but RDS's own user has SUPERUSER.

CREATE ROLE rds_superuser NOLOGIN;
CREATE ROLE rds_replication NOLOGIN;
CREATE ROLE rds_password NOLOGIN;
CREATE ROLE rds_iam NOLOGIN;
GRANT pg_monitor, pg_signal_backend, pg_checkpoint, pg_use_reserved_connections, pg_create_subscription TO rds_superuser WITH ADMIN OPTION;
GRANT rds_replication, rds_password TO rds_superuser WITH ADMIN OPTION;
