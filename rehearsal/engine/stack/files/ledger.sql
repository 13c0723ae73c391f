-- A difficult table: composite key, 64-bit unsigned integers, decimals, dates, JSON.
CREATE DATABASE IF NOT EXISTS shop;
CREATE TABLE IF NOT EXISTS shop.ledger (
    account_id BIGINT UNSIGNED NOT NULL,
    entry_no INT UNSIGNED NOT NULL,
    amount DECIMAL(30,10) NOT NULL,
    fee DECIMAL(10,2) DEFAULT NULL,
    booked_on DATE NOT NULL,
    booked_at DATETIME(6) NOT NULL,
    holder VARCHAR(80) CHARACTER SET utf8mb4 DEFAULT NULL,
    details JSON DEFAULT NULL,
    PRIMARY KEY (account_id, entry_no)
) ENGINE=InnoDB;
