package odd

// Unlisted are tables invented by somebody who did not know the purpose of the others. Keys change their text but
// stay the same key to the server, or are alike only as joined text. Rows exchange keys in one statement, one
// statement deletes and inserts others' rows, and columns have the names of a record's members.
var Unlisted = Set{
	// Case-insensitive, space-padded key whose text changes (case, trailing spaces, accents) while it stays the same key to MariaDB, so the old document id must go.
	{
		"folds", `(k VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL, v INT, t VARCHAR(20), PRIMARY KEY (k)) ENGINE=InnoDB`,
		`('abc',1,'a'),('straße',2,'b'),('Àb',3,'c'),('tail  ',4,'trailing'),('x',NULL,'null v')`,
		`UPDATE {db}.folds SET k = UPPER(k) WHERE k = 'abc'; UPDATE {db}.folds SET k = 'tail' WHERE k = 'tail'; REPLACE INTO {db}.folds VALUES ('X ',5,'replaced'); INSERT INTO {db}.folds VALUES ('AB',30,'new') ON DUPLICATE KEY UPDATE v = VALUES(v), t = 'odku'; DELETE FROM {db}.folds WHERE k = 'straße'; INSERT INTO {db}.folds VALUES ('STRASE',6,'reborn')`,
	},
	// Primary key on a 3-character prefix plus a DESC column: text beyond the prefix changes the key column without changing the index key.
	{
		"prefixes", `(k VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, n INT NOT NULL, v INT, PRIMARY KEY (k(3), n DESC)) ENGINE=InnoDB`,
		`('abcdef',1,1),('abcxyz',2,2),('ab',1,3),('zzz9',7,4),('日本語テ',1,5)`,
		`UPDATE {db}.prefixes SET k = CONCAT(k,'-long') WHERE n = 1; UPDATE {db}.prefixes SET k = 'abcQQQ' WHERE k = 'abcxyz'; DELETE FROM {db}.prefixes WHERE k LIKE 'zzz%'; INSERT INTO {db}.prefixes VALUES ('zzz-other',7,40); INSERT INTO {db}.prefixes VALUES ('abcNEVER',2,0) ON DUPLICATE KEY UPDATE k = VALUES(k), v = v + 1`,
	},
	// Every row takes another row's old key, keys leave and return inside one transaction, and rows move between partitions.
	{
		"rotations", `(id INT NOT NULL, v INT, tag VARCHAR(10), PRIMARY KEY (id)) ENGINE=InnoDB PARTITION BY RANGE (id) (PARTITION pneg VALUES LESS THAN (0), PARTITION plow VALUES LESS THAN (4), PARTITION pmax VALUES LESS THAN MAXVALUE)`,
		`(1,1,'one'),(2,2,'two'),(3,3,'three'),(4,4,'four'),(5,5,'five'),(6,6,'six')`,
		`START TRANSACTION; UPDATE {db}.rotations SET id = id + 1 ORDER BY id DESC; UPDATE {db}.rotations SET id = -4 WHERE id = 4; UPDATE {db}.rotations SET id = 4 WHERE id = 5; UPDATE {db}.rotations SET id = 5 WHERE id = -4; DELETE FROM {db}.rotations WHERE id = 2; INSERT INTO {db}.rotations VALUES (2,20,'again'); UPDATE {db}.rotations SET id = 0 WHERE id = 2; UPDATE {db}.rotations SET id = 2 WHERE id = 0; COMMIT; UPDATE {db}.rotations SET id = -id; UPDATE {db}.rotations SET id = -id; DELETE FROM {db}.rotations WHERE id = 7; INSERT INTO {db}.rotations VALUES (1,70,'first')`,
	},
	// Three-column text key full of separators, empty strings, null words, quotes and trailing spaces, so joined key texts collide.
	{
		"separators", `(a VARCHAR(20) NOT NULL, b VARCHAR(20) NOT NULL, c VARCHAR(20) NOT NULL, v INT, PRIMARY KEY (c, a, b)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin`,
		`('a|b','c','',1),('a','b|c','',2),('a','b','c',3),('','','',4),('null','None','NULL',5),('a,b','"c"','[1]',6),('a/b','%2F','\\',7),('a ','b','c',8),('..','_','#?&',9)`,
		`UPDATE {db}.separators SET a = 'a|b', b = '', c = 'c' WHERE a = 'a' AND b = 'b' AND c = 'c'; UPDATE {db}.separators SET a = ' ' WHERE a = '' AND b = '' AND c = ''; DELETE FROM {db}.separators WHERE a = 'a|b' AND b = 'c'; INSERT INTO {db}.separators VALUES ('a','','b|c',90); UPDATE {db}.separators SET c = '\\\\', v = 70 WHERE b = '%2F'; DELETE FROM {db}.separators WHERE a = 'null'; INSERT INTO {db}.separators VALUES ('NULL','None','null',50)`,
	},
	// Application-time period key WITHOUT OVERLAPS: one UPDATE or DELETE FOR PORTION OF becomes updates plus hidden inserts with new keys.
	{
		"periods", `(id INT NOT NULL, s DATE NOT NULL, e DATE NOT NULL, v INT, PERIOD FOR p (s, e), PRIMARY KEY (id, p WITHOUT OVERLAPS)) ENGINE=InnoDB`,
		`(1,'2020-01-01','2021-01-01',1),(1,'2021-01-01','2022-01-01',2),(2,'2020-01-01','2020-12-31',3),(3,'1999-12-31','9999-12-31',4)`,
		`UPDATE {db}.periods FOR PORTION OF p FROM '2020-06-01' TO '2021-03-01' SET v = v + 100 WHERE id = 1; DELETE FROM {db}.periods FOR PORTION OF p FROM '2020-03-01' TO '2020-04-01' WHERE id = 2; UPDATE {db}.periods SET s = '2000-02-29' WHERE id = 3; DELETE FROM {db}.periods FOR PORTION OF p FROM '2021-02-01' TO '2021-04-01' WHERE id = 1; INSERT INTO {db}.periods VALUES (1,'2021-02-01','2021-04-01',NULL)`,
	},
	// One REPLACE kills three rows, upserts move the primary key through another unique key, IGNORE changes only some rows, and a column with a default appears between.
	{
		"uniques", `(id INT NOT NULL AUTO_INCREMENT, u VARCHAR(10) NOT NULL, w INT, v INT, PRIMARY KEY (id), UNIQUE KEY uq_u (u), UNIQUE KEY uq_w (w)) ENGINE=InnoDB`,
		`(1,'a',10,1),(2,'b',20,2),(3,'c',30,3),(4,'d',40,4),(5,'e',50,5),(6,'f',NULL,6)`,
		`REPLACE INTO {db}.uniques VALUES (1,'b',30,100); INSERT INTO {db}.uniques VALUES (77,'d',99,0) ON DUPLICATE KEY UPDATE id = id + 100, v = VALUES(v) + 1; INSERT IGNORE INTO {db}.uniques VALUES (500,'e',1,1),(501,'g',60,7); UPDATE IGNORE {db}.uniques SET w = 61; ALTER TABLE {db}.uniques ADD COLUMN n VARCHAR(10) NOT NULL DEFAULT 'new'; INSERT INTO {db}.uniques (u, v, n) VALUES ('h',8,''),('i',9,'old'); UPDATE {db}.uniques x JOIN {db}.uniques y ON y.u = 'g' SET x.v = x.v + y.v WHERE x.id < 6`,
	},
	// Column names that collide with the record's own: before-image prefix, _id, metadata, Op, and a dotted name
	// beside its parent.
	{
		"metadata", `(` + "`" + `_id` + "`" + ` INT NOT NULL, ` + "`" + `BI_id` + "`" + ` VARCHAR(20) NOT NULL, ` + "`" + `BI__id` + "`" + ` INT, ` + "`" + `id` + "`" + ` INT, ` + "`" + `a` + "`" + ` INT, ` + "`" + `a/b` + "`" + ` VARCHAR(20), ` + "`" + `metadata` + "`" + ` VARCHAR(20), ` + "`" + `data` + "`" + ` VARCHAR(20), ` + "`" + `Op` + "`" + ` CHAR(1), ` + "`" + `order` + "`" + ` INT, ` + "`" + `commit-timestamp` + "`" + ` VARCHAR(30), ` + "`" + `données` + "`" + ` VARCHAR(20), ` + "`" + `v` + "`" + ` INT, PRIMARY KEY (` + "`" + `BI_id` + "`" + `, ` + "`" + `_id` + "`" + `)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
		`(1,'k1',9,5,1,'x','m','{}','D',1,'1970-01-01','é',1),(2,'k2',1,1,NULL,NULL,NULL,'null','I',NULL,NULL,NULL,2),(3,'k3',3,3,3,'','','[]','',0,'','',3)`,
		`UPDATE {db}.metadata SET ` + "`" + `BI__id` + "`" + ` = ` + "`" + `_id` + "`" + `, ` + "`" + `_id` + "`" + ` = ` + "`" + `_id` + "`" + ` + 10; UPDATE {db}.metadata SET ` + "`" + `Op` + "`" + ` = 'D', ` + "`" + `metadata` + "`" + ` = 'delete', ` + "`" + `data` + "`" + ` = NULL WHERE ` + "`" + `_id` + "`" + ` = 12; UPDATE {db}.metadata SET ` + "`" + `BI_id` + "`" + ` = 'k1', ` + "`" + `_id` + "`" + ` = 1 WHERE ` + "`" + `BI_id` + "`" + ` = 'k3'; DELETE FROM {db}.metadata WHERE ` + "`" + `BI_id` + "`" + ` = 'k2'; INSERT INTO {db}.metadata (` + "`" + `_id` + "`" + `, ` + "`" + `BI_id` + "`" + `, ` + "`" + `a/b` + "`" + `, ` + "`" + `v` + "`" + `) VALUES (2,'k2','back',20)`,
	},
	// Keys close to Kinesis's maximum length that differ only in their last character, and composed against
	// decomposed accents, NUL, newline and emoji.
	{
		"longs", `(k VARCHAR(230) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, v INT, PRIMARY KEY (k)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC`,
		`(REPEAT('x',200),1),(REPEAT('x',201),2),(CONCAT(REPEAT(CONVERT(0xC3A9 USING utf8mb4),200),'1'),3),(CONCAT(REPEAT(CONVERT(0xC3A9 USING utf8mb4),200),'2'),4),(CONVERT(0x65CC81 USING utf8mb4),5),(CONVERT(0xC3A9 USING utf8mb4),6),('line\nbreak\t"q"',7),(CONVERT(0xF09F9880 USING utf8mb4),8),('a\0b',9)`,
		`UPDATE {db}.longs SET k = CONCAT(k,'!') WHERE CHAR_LENGTH(k) > 200; DELETE FROM {db}.longs WHERE k LIKE '%1' AND CHAR_LENGTH(k) > 200; UPDATE {db}.longs SET k = CONCAT(k,k) WHERE v IN (5,6); UPDATE {db}.longs SET k = LEFT(k,1) WHERE k = REPEAT('x',200); INSERT INTO {db}.longs VALUES (REPEAT(CONVERT(0xF09F9880 USING utf8mb4),220),11),('',12)`,
	},
	// Key of unsigned 64-bit, 30-digit decimal and microseconds (which doubles cannot hold), in an Aria table without
	// transactions.
	{
		"bigs", `(n BIGINT UNSIGNED NOT NULL, d DECIMAL(30,10) NOT NULL, ts DATETIME(6) NOT NULL, v INT, PRIMARY KEY (n, d, ts)) ENGINE=Aria TRANSACTIONAL=0`,
		`(18446744073709551615,0,'2024-01-01 00:00:00.000001',1),(18446744073709551614,-0.0000000001,'2024-01-01 00:00:00.000002',2),(9007199254740993,12345678901234567890.0123456789,'2024-03-31 02:30:00.100000',3),(9007199254740992,12345678901234567890.0123456788,'2024-03-31 02:30:00.1',4),(0,0,'1999-12-31 23:59:59.999999',5)`,
		`UPDATE {db}.bigs SET d = d + 0.0000000001 WHERE n > 9223372036854775807; UPDATE {db}.bigs SET ts = ts + INTERVAL 1 MICROSECOND ORDER BY ts DESC; UPDATE {db}.bigs SET n = n - 2 WHERE n = 18446744073709551615; DELETE FROM {db}.bigs WHERE n = 9007199254740992; INSERT INTO {db}.bigs VALUES (9007199254740992,1e19,'2024-03-31 02:30:00',40),(0,0,'2000-01-02',NULL)`,
	},
	// Sixteen key columns in reverse order, whose joined texts are alike, or longer than any identifier.
	{
		"sixteen", `(v INT, a VARCHAR(40) NOT NULL DEFAULT '', b VARCHAR(40) NOT NULL DEFAULT '', c VARCHAR(40) NOT NULL DEFAULT '', d VARCHAR(40) NOT NULL DEFAULT '', e VARCHAR(40) NOT NULL DEFAULT '', f VARCHAR(40) NOT NULL DEFAULT '', g VARCHAR(40) NOT NULL DEFAULT '', h VARCHAR(40) NOT NULL DEFAULT '', i VARCHAR(40) NOT NULL DEFAULT '', j VARCHAR(40) NOT NULL DEFAULT '', k VARCHAR(40) NOT NULL DEFAULT '', l VARCHAR(40) NOT NULL DEFAULT '', m VARCHAR(40) NOT NULL DEFAULT '', n VARCHAR(40) NOT NULL DEFAULT '', o VARCHAR(40) NOT NULL DEFAULT '', p VARCHAR(40) NOT NULL DEFAULT '', PRIMARY KEY (p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a))`,
		`(1, 'z', 'x|y', '', '', '', '', '', '', '', '', '', '', '', '', '', ''), (2, 'y|z', 'x', '', '', '', '', '', '', '', '', '', '', '', '', '', ''), (3, 'z', 'x","y', '', '', '', '', '', '', '', '', '', '', '', '', '', ''), (4, 'y","z', 'x', '', '', '', '', '', '', '', '', '', '', '', '', '', ''), (7, 'q', '', '', '', '', '', '', '', '', '', '', '', '', '', '', ''), (8, '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', ''), (9, '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', 'q'), (10, REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13), REPEAT('é', 13))`,
		`UPDATE {db}.sixteen SET v = 101 WHERE a = 'z' AND b = 'x|y'; DELETE FROM {db}.sixteen WHERE p = 'q' AND a = ''; UPDATE {db}.sixteen SET p = 'q', a = '' WHERE a = 'q' AND p = ''; UPDATE {db}.sixteen SET a = CONCAT(LEFT(a, 12), '!') WHERE v = 10; INSERT INTO {db}.sixteen SELECT 11, 'tail', b, c, d, e, f, g, h, i, j, k, l, m, n, o, p FROM {db}.sixteen WHERE v = 10; DELETE FROM {db}.sixteen WHERE a = 'y","z' AND b = 'x'`,
	},
	// Bit masks, sets, years and times in the key, and an ENUM whose labels get new numbers and another position
	// while the rows stay.
	{
		"masks", `(at TIME(6) NOT NULL, flags SET('a','b','c') NOT NULL, mask BIT(64) NOT NULL, year YEAR NOT NULL, grade ENUM('low','mid','high') NOT NULL, v INT, PRIMARY KEY (year, mask, flags, at))`,
		`('-838:59:59.999999', '', b'0', 0, 'low', 1), ('838:59:59.000001', 'c,a', b'1', 1901, 'mid', 2), ('00:00:00', 'b', x'FFFFFFFFFFFFFFFF', 2155, 'high', 3), ('-00:00:00.000001', 'b', b'10000000', 2000, 'low', 4), ('00:00:00.000001', 'b', b'10000000', 2000, 'low', 5)`,
		`UPDATE {db}.masks SET flags = 'c,b', mask = 9007199254740993 WHERE v = 3; UPDATE {db}.masks SET year = 2000, at = '24:00:00' WHERE v = 1; ALTER TABLE {db}.masks MODIFY COLUMN grade ENUM('critical','low','mid','high') NOT NULL FIRST; UPDATE {db}.masks SET grade = 'critical' WHERE v = 2; UPDATE {db}.masks SET grade = 'mid', at = '838:59:59.999999' WHERE v = 1; DELETE FROM {db}.masks WHERE v = 4`,
	},
}
