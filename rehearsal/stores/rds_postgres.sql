-- Amazon RDS's additions to PostgreSQL that the setup of a replication source needs: the roles, and the master user's
-- privileges,
-- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html.
-- Only RDS's own user has SUPERUSER.

CREATE ROLE rds_superuser NOLOGIN;
CREATE ROLE rds_replication NOLOGIN;
CREATE ROLE rds_password NOLOGIN;
CREATE ROLE rds_iam NOLOGIN;
GRANT pg_monitor, pg_signal_backend, pg_checkpoint, pg_use_reserved_connections, pg_create_subscription TO rds_superuser WITH ADMIN OPTION;
GRANT rds_replication, rds_password TO rds_superuser WITH ADMIN OPTION;
