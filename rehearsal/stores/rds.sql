-- Amazon RDS's additions to MySQL's `mysql` database that the setup of a replication source needs:
-- https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/mysql-stored-proc-configuring.html. Statements end with
-- $$, because procedures contain semicolons.

CREATE TABLE IF NOT EXISTS mysql.rds_configuration (
    name VARCHAR(100) NOT NULL,
    value VARCHAR(100) DEFAULT NULL,
    description VARCHAR(300) NOT NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB
$$

INSERT IGNORE INTO mysql.rds_configuration VALUES (
    'binlog retention hours', NULL,
    'binlog retention hours specifies the duration in hours before binary logs are automatically deleted.'
)
$$

-- Runs as root, so that the master user needs no right to set global variables. NULL, a new instance's value,
-- guarantees no retention; here it turns automatic purging off.
CREATE OR REPLACE DEFINER = 'root'@'localhost' PROCEDURE mysql.rds_set_configuration(IN name VARCHAR(30), IN value INT)
SQL SECURITY DEFINER
MODIFIES SQL DATA
BEGIN
    DECLARE known INT DEFAULT 0;
    DECLARE complaint VARCHAR(128);
    SELECT COUNT(*) INTO known FROM mysql.rds_configuration c WHERE c.name = name;
    IF known = 0 THEN
        SET complaint = CONCAT('Unknown configuration parameter: ', name);
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = complaint;
    END IF;
    IF value IS NOT NULL AND (value < 1 OR value > 2160) THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'For binlog retention hours the value must be between 1 and 2160 inclusive or be NULL';
    END IF;
    UPDATE mysql.rds_configuration c SET c.value = value WHERE c.name = name;
    SET GLOBAL binlog_expire_logs_seconds = COALESCE(value, 0) * 3600;
END
$$

CREATE OR REPLACE DEFINER = 'root'@'localhost' PROCEDURE mysql.rds_show_configuration()
SQL SECURITY DEFINER
READS SQL DATA
BEGIN
    SELECT name, value, description FROM mysql.rds_configuration;
END
$$
