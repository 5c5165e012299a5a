-- The job 'my-ratings' in Flink SQL.
SET 'pipeline.name' = 'my-ratings';
SET 'table.local-time-zone' = 'UTC';
SET 'pipeline.object-reuse' = 'true';
SET 'table.optimizer.reuse-optimize-block-with-digest-enabled' = 'true';
SET 'execution.checkpointing.interval' = '10000 ms';
SET 'table.exec.state.ttl' = '665000 ms';

-- Every message of the topics is a line here, also one that nobody can read.
-- `t` is the window time of a rating; of what is none it means nothing. The watermark goes with every
-- rating, by partition, and with nothing else. It is a millisecond further back than the bound, for
-- Flink closes a window a millisecond before its end. A `tick` is no rating.
CREATE TEMPORARY TABLE `messages` (
  `value` STRING,
  `topic` STRING NOT NULL METADATA VIRTUAL,
  `partition` INT NOT NULL METADATA VIRTUAL,
  `offset` BIGINT NOT NULL METADATA VIRTUAL,
  `arrived` TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
  `headers` MAP<STRING, BYTES> METADATA VIRTUAL,
  `now` AS PROCTIME(),
  `tick` AS `value` IS NULL AND `headers`['starwatch-tick'] IS NOT NULL,
  `t` AS COALESCE(CAST(TRY_CAST(REPLACE(REGEXP_EXTRACT(BTRIM(JSON_VALUE(`value`, '$.timestamp')), '^([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?)(?:Z|[+]00:?00)?$', 1), 'T', ' ') AS TIMESTAMP(3)) AS TIMESTAMP_LTZ(3)), `arrived`),
  WATERMARK FOR `t` AS CASE WHEN (REGEXP(`value`, '^\s*\{[^{}\uFFFD]*\}\s*$') OR REGEXP(`value`, '^\s*\{[^\uFFFD]*$') AND ('[' || `value` || ']') IS JSON ARRAY AND NOT JSON_EXISTS('[' || `value` || ']', '$[1]'))
      AND NOT COALESCE(JSON_VALUE(`value`, '$[''it\''s'']') = '', TRUE)
      AND REGEXP(CAST(TRY_CAST(BTRIM(JSON_VALUE(`value`, '$.rating')) AS DECIMAL(38, 18)) AS STRING), '^(?:1[.]0*|2[.]0*|3[.]0*|4[.]0*|5[.]0*)$')
      AND (ABS(2 * CASE WHEN DATE_FORMAT(TRY_CAST(REPLACE(REGEXP_EXTRACT(BTRIM(JSON_VALUE(`value`, '$.timestamp')), '^([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?)(?:Z|[+]00:?00)?$', 1), 'T', ' ') AS TIMESTAMP(3)), 'yyyy-MM-dd') = SUBSTRING(BTRIM(JSON_VALUE(`value`, '$.timestamp')), 1, 10) THEN EXTRACT(EPOCH FROM TRY_CAST(REPLACE(REGEXP_EXTRACT(BTRIM(JSON_VALUE(`value`, '$.timestamp')), '^([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?)(?:Z|[+]00:?00)?$', 1), 'T', ' ') AS TIMESTAMP(3))) * 1000 + EXTRACT(MILLISECOND FROM TRY_CAST(REPLACE(REGEXP_EXTRACT(BTRIM(JSON_VALUE(`value`, '$.timestamp')), '^([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?)(?:Z|[+]00:?00)?$', 1), 'T', ' ') AS TIMESTAMP(3))) END - (631152000000 + EXTRACT(EPOCH FROM `arrived`) * 1000 + EXTRACT(MILLISECOND FROM `arrived`) + 60000)) <= EXTRACT(EPOCH FROM `arrived`) * 1000 + EXTRACT(MILLISECOND FROM `arrived`) + 60000 - (631152000000) OR COALESCE(BTRIM(JSON_VALUE(`value`, '$.timestamp')) = '', TRUE))
      AND NOT (CHAR_LENGTH(`value`) > 170 AND (COALESCE(CHAR_LENGTH(HEX(JSON_VALUE(`value`, '$[''it\''s'']'))), 0) > 1024 OR COALESCE(CHAR_LENGTH(HEX(JSON_VALUE(`value`, '$.reviewerID'))), 0) > 1024 OR COALESCE(CHAR_LENGTH(HEX(JSON_VALUE(`value`, '$.key'))), 0) > 1024))
    THEN LEAST(`t`, `arrived`) END - INTERVAL '5.001' SECOND(1, 3)
) WITH (
  'connector' = 'kafka',
  'topic' = 'ratings',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'properties.group.id' = 'starwatch',
  'properties.isolation.level' = 'read_committed',
  'properties.auto.offset.reset' = 'earliest',
  'scan.startup.mode' = 'group-offsets',
  'format' = 'raw',
  'scan.watermark.emit.strategy' = 'on-event'
);

-- The fields as texts. RAND() >= 0 is always true; it keeps the planner from working
-- an expression out anew wherever its column is used.
CREATE TEMPORARY VIEW `texts` AS
SELECT
  `topic`, `partition`, `offset`, `arrived`, `now`, `tick`, `t`, `value`,
  CASE WHEN RAND() >= 0 THEN JSON_VALUE(`value`, '$[''it\''s'']') END AS `product_text`,
  CASE WHEN RAND() >= 0 THEN JSON_VALUE(`value`, '$.reviewerID') END AS `reviewer_text`,
  CASE WHEN RAND() >= 0 THEN JSON_VALUE(`value`, '$.key') END AS `id_text`,
  CASE WHEN RAND() >= 0 THEN JSON_VALUE(`value`, '$.rating') END AS `stars_text`,
  CASE WHEN RAND() >= 0 THEN JSON_VALUE(`value`, '$.timestamp') END AS `time_text`
FROM `messages`;

-- Stars and times as exact numbers, null where they are none.
CREATE TEMPORARY VIEW `numbers` AS
SELECT
  *,
  CASE WHEN RAND() >= 0 THEN TRY_CAST(BTRIM(`stars_text`) AS DECIMAL(38, 18)) END AS `stars_number`,
  CASE WHEN RAND() >= 0 THEN TRY_CAST(BTRIM(`time_text`) AS DECIMAL(38, 6)) END AS `time_number`
FROM `texts`;

-- Plain values; `step` counts the steps of the scale from 0. Where several things are
-- wrong with a message, the first of them is the reason.
CREATE TEMPORARY VIEW `ratings` AS
WITH `timed` AS (
  SELECT
    *,
    CASE WHEN RAND() >= 0 THEN CASE `stars_number` WHEN 1 THEN 0 WHEN 2 THEN 1 WHEN 3 THEN 2 WHEN 4 THEN 3 WHEN 5 THEN 4 END END AS `step`,
    CASE WHEN RAND() >= 0 THEN CASE WHEN DATE_FORMAT(TRY_CAST(REPLACE(REGEXP_EXTRACT(BTRIM(`time_text`), '^([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?)(?:Z|[+]00:?00)?$', 1), 'T', ' ') AS TIMESTAMP(3)), 'yyyy-MM-dd') = SUBSTRING(BTRIM(`time_text`), 1, 10) THEN EXTRACT(EPOCH FROM TRY_CAST(REPLACE(REGEXP_EXTRACT(BTRIM(`time_text`), '^([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?)(?:Z|[+]00:?00)?$', 1), 'T', ' ') AS TIMESTAMP(3))) * 1000 + EXTRACT(MILLISECOND FROM TRY_CAST(REPLACE(REGEXP_EXTRACT(BTRIM(`time_text`), '^([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?)(?:Z|[+]00:?00)?$', 1), 'T', ' ') AS TIMESTAMP(3))) END END AS `own_ms`,
    CASE WHEN RAND() >= 0 THEN NOT COALESCE(BTRIM(`time_text`) = '', TRUE) END AS `own_time`
  FROM `numbers`
)
SELECT
  `topic`, `partition`, `offset`, `arrived`, `now`, `tick`, `t`, `value`,
  EXTRACT(EPOCH FROM `t`) * 1000 + EXTRACT(MILLISECOND FROM `t`) AS `t_ms`,
  `product_text` AS `product`,
  COALESCE(`reviewer_text`, '') AS `reviewer`,
  COALESCE(`id_text`, '') AS `id`,
  `step`,
  `own_ms`,
  `own_time`,
  CASE
      WHEN `tick` THEN 'tick'
      WHEN NOT COALESCE((REGEXP(`value`, '^\s*\{[^{}\uFFFD]*\}\s*$') OR REGEXP(`value`, '^\s*\{[^\uFFFD]*$') AND ('[' || `value` || ']') IS JSON ARRAY AND NOT JSON_EXISTS('[' || `value` || ']', '$[1]')), FALSE) THEN 'unreadable'
      WHEN `product_text` IS NULL AND NOT COALESCE(`value` IS JSON OBJECT, FALSE) THEN 'unreadable'
      WHEN COALESCE(`product_text` = '', TRUE) THEN 'missing_product'
      WHEN COALESCE(BTRIM(`stars_text`) = '', TRUE) THEN 'missing_stars'
      WHEN `stars_number` IS NULL THEN 'bad_stars'
      WHEN `step` IS NULL THEN 'off_scale'
      WHEN `own_time` AND COALESCE(`own_ms` NOT BETWEEN -62135596800000 AND 253402300799999, TRUE) THEN 'bad_time'
      WHEN (CHAR_LENGTH(`value`) > 170 AND (COALESCE(CHAR_LENGTH(HEX(`product_text`)), 0) > 1024 OR COALESCE(CHAR_LENGTH(HEX(`reviewer_text`)), 0) > 1024 OR COALESCE(CHAR_LENGTH(HEX(`id_text`)), 0) > 1024)) THEN 'id_too_long'
      WHEN `own_time` AND `own_ms` < 631152000000 THEN 'event_time_too_old'
      WHEN `own_time` AND `own_ms` > EXTRACT(EPOCH FROM `arrived`) * 1000 + EXTRACT(MILLISECOND FROM `arrived`) + 60000 THEN 'event_time_in_future'
      END AS `reason`
FROM `timed`;

-- What came before: ratings that have `same` in common are the same one. The first is
-- remembered, late ones too; for how long, the setting table.exec.state.ttl says. One that cannot
-- be known again is the only one of its kind; it takes the same way, for two ways would have two
-- watermarks.
CREATE TEMPORARY VIEW `known` AS
WITH `marked` AS (
  SELECT `topic`, `partition`, `offset`, `now`, `t`, `t_ms`, `product`, `reviewer`, `id`, `step`,
    CASE WHEN `id` <> '' THEN 'i' || `id`
      ELSE 'p' || `topic` || ':' || CAST(`partition` AS STRING) || ':' || CAST(`offset` AS STRING) END AS `same`
  FROM `ratings` WHERE `reason` IS NULL
)
SELECT `topic`, `partition`, `offset`, `now`, `t`, `t_ms`, `product`, `reviewer`, `id`, `step`,
  FIRST_VALUE(`t_ms`) OVER (PARTITION BY `same` ORDER BY `now` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS `first_ms`,
  COUNT(*) OVER (PARTITION BY `same` ORDER BY `now` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS `number`
FROM `marked`;

-- The class of each message. `met_ms` is the watermark before it, null before the first
-- one: a rating is late if it has reached the end of its last window, and `pane_gone` says
-- whether its pane had closed.
CREATE TEMPORARY VIEW `judged` AS
WITH `met` AS (
  SELECT `topic`, `partition`, `offset`, `now`, `t`, `t_ms`, `product`, `reviewer`, `id`, `step`, `first_ms`, `number`,
    CASE WHEN RAND() >= 0 THEN EXTRACT(EPOCH FROM CURRENT_WATERMARK(`t`)) * 1000 + EXTRACT(MILLISECOND FROM CURRENT_WATERMARK(`t`)) + 1 END AS `met_ms`
  FROM `known`
), `classed` AS (
  SELECT *,
    CASE
      WHEN `number` > 1 AND COALESCE(`met_ms` < `first_ms` + 600000, TRUE)
      THEN 'duplicate'
      WHEN `met_ms` >= `t_ms` - MOD(`t_ms`, 60000) + 60000 THEN 'late'
      ELSE 'counted'
    END AS `class`
  FROM `met`
)
SELECT *,
  `class` = 'counted' AND COALESCE(`met_ms` >= `t_ms` - MOD(`t_ms`, 60000) + 60000, FALSE) AS `pane_gone`
FROM `classed`;

-- What stands in windows.
CREATE TEMPORARY VIEW `counted` AS
SELECT `t`, `product`, `step`, `pane_gone` FROM `judged` WHERE `class` = 'counted';

-- What stands in panes.
CREATE TEMPORARY VIEW `in_panes` AS
SELECT `t`, `product`, `step` FROM `counted` WHERE NOT `pane_gone`;

-- The panes that have closed, each once.
CREATE TEMPORARY VIEW `pane_counts` AS
SELECT `product`, EXTRACT(EPOCH FROM `window_end`) * 1000 + EXTRACT(MILLISECOND FROM `window_end`) AS `end_ms`, ARRAY[
    COUNT(*) FILTER (WHERE `step` = 0),
    COUNT(*) FILTER (WHERE `step` = 1),
    COUNT(*) FILTER (WHERE `step` = 2),
    COUNT(*) FILTER (WHERE `step` = 3),
    COUNT(*) FILTER (WHERE `step` = 4)] AS `stars`
FROM TABLE(TUMBLE(TABLE `in_panes`, DESCRIPTOR(`t`), INTERVAL '1' MINUTE(1)))
GROUP BY `product`, `window_start`, `window_end`;

-- Closed windows: how many ratings of each step of the scale, from the lowest up.
CREATE TEMPORARY TABLE `windows_out` (
  `window` STRING,
  `product` STRING,
  `start_ms` BIGINT,
  `end_ms` BIGINT,
  `stars` ARRAY<BIGINT NOT NULL>
) WITH (
  'connector' = 'kafka',
  'topic' = 'my-windows',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'key.format' = 'raw',
  'key.fields' = 'product',
  'value.format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'my-windows',
  'properties.transaction.timeout.ms' = '600000'
);

-- Ratings that no window was open for.
CREATE TEMPORARY TABLE `late_out` (
  `topic` STRING,
  `partition` INT,
  `offset` BIGINT,
  `product` STRING,
  `reviewer` STRING,
  `id` STRING,
  `step` INT,
  `time_ms` BIGINT,
  `watermark_ms` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'my-late',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'my-late',
  'properties.transaction.timeout.ms' = '600000'
);

-- Ratings that had come before.
CREATE TEMPORARY TABLE `duplicates_out` (
  `topic` STRING,
  `partition` INT,
  `offset` BIGINT,
  `product` STRING,
  `reviewer` STRING,
  `id` STRING,
  `step` INT,
  `time_ms` BIGINT,
  `watermark_ms` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'my-duplicates',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'my-duplicates',
  'properties.transaction.timeout.ms' = '600000'
);

-- Messages that are no rating, as they came, cut to their first 4,096 characters.
CREATE TEMPORARY TABLE `rejects_out` (
  `topic` STRING,
  `partition` INT,
  `offset` BIGINT,
  `arrived_ms` BIGINT,
  `reason` STRING,
  `value` STRING
) WITH (
  'connector' = 'kafka',
  'topic' = 'my-rejects',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'my-rejects',
  'properties.transaction.timeout.ms' = '600000'
);

-- All that is found, for Starwatch: in one topic by one writer, so that what a checkpoint
-- commits is one cut through the whole job.
CREATE TEMPORARY TABLE `back_out` (
  `kind` STRING,
  `product` STRING,
  `end_ms` BIGINT,
  `stars` ARRAY<BIGINT NOT NULL>,
  `topic` STRING,
  `partition` INT,
  `offset` BIGINT,
  `reviewer` STRING,
  `rating_id` STRING,
  `star` INT,
  `event_ms` BIGINT,
  `met_ms` BIGINT,
  `reason` STRING,
  `value` STRING
) WITH (
  'connector' = 'kafka',
  'topic' = 'my-back',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'my-back',
  'properties.transaction.timeout.ms' = '600000',
  'sink.parallelism' = '1',
  'json.encode.ignore-null-fields' = 'true'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `windows_out`
SELECT '1m/1m', `product`, EXTRACT(EPOCH FROM `window_start`) * 1000 + EXTRACT(MILLISECOND FROM `window_start`), EXTRACT(EPOCH FROM `window_end`) * 1000 + EXTRACT(MILLISECOND FROM `window_end`), ARRAY[
    COUNT(*) FILTER (WHERE `step` = 0),
    COUNT(*) FILTER (WHERE `step` = 1),
    COUNT(*) FILTER (WHERE `step` = 2),
    COUNT(*) FILTER (WHERE `step` = 3),
    COUNT(*) FILTER (WHERE `step` = 4)]
FROM TABLE(TUMBLE(TABLE `counted`, DESCRIPTOR(`t`), INTERVAL '1' MINUTE(1)))
GROUP BY `product`, `window_start`, `window_end`;

INSERT INTO `late_out`
SELECT `topic`, `partition`, `offset`, `product`, `reviewer`, `id`, `step`, `t_ms`, `met_ms`
FROM `judged` WHERE `class` = 'late';

INSERT INTO `duplicates_out`
SELECT `topic`, `partition`, `offset`, `product`, `reviewer`, `id`, `step`, `t_ms`, `met_ms`
FROM `judged` WHERE `class` = 'duplicate';

INSERT INTO `rejects_out`
SELECT `topic`, `partition`, `offset`, EXTRACT(EPOCH FROM `arrived`) * 1000 + EXTRACT(MILLISECOND FROM `arrived`), `reason`, SUBSTRING(`value`, 1, 4096)
FROM `ratings` WHERE `reason` <> 'tick';

INSERT INTO `back_out`
SELECT 'pane', `product`, `end_ms`, `stars`, CAST(NULL AS STRING), CAST(NULL AS INT), CAST(NULL AS BIGINT), CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(NULL AS INT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS STRING), CAST(NULL AS STRING)
FROM `pane_counts`
UNION ALL
SELECT CASE `class` WHEN 'counted' THEN 'partly' ELSE `class` END, `product`, CAST(NULL AS BIGINT), CAST(NULL AS ARRAY<BIGINT NOT NULL>), `topic`, `partition`, `offset`, `reviewer`, `id`, `step`, `t_ms`, `met_ms`, CAST(NULL AS STRING), CAST(NULL AS STRING)
FROM `judged` WHERE `class` <> 'counted' OR `pane_gone`
UNION ALL
SELECT 'rejected', CAST(NULL AS STRING), CAST(NULL AS BIGINT), CAST(NULL AS ARRAY<BIGINT NOT NULL>), `topic`, `partition`, `offset`, CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(NULL AS INT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), `reason`, SUBSTRING(`value`, 1, 4096)
FROM `ratings` WHERE `reason` <> 'tick'
UNION ALL
SELECT 'watermark', CAST(NULL AS STRING), `end_ms`, CAST(NULL AS ARRAY<BIGINT NOT NULL>), CAST(NULL AS STRING), CAST(NULL AS INT), CAST(NULL AS BIGINT), CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(NULL AS INT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS STRING), CAST(NULL AS STRING)
FROM (SELECT EXTRACT(EPOCH FROM `window_end`) * 1000 + EXTRACT(MILLISECOND FROM `window_end`) AS `end_ms`
FROM TABLE(TUMBLE(TABLE `in_panes`, DESCRIPTOR(`t`), INTERVAL '1' MINUTE(1)))
GROUP BY `window_start`, `window_end`);

END;
