"""Every query of the store, for the schema ``devino``. A test reads the plan of each: none may scan
what grows."""

# ruff: noqa: S608 - the columns are a constant; what callers give is bound

from __future__ import annotations

COLUMNS = (
    "id, ref, hash, lane, phase, due, until, attempt, crashes, doubts, failures, leg, worker, "
    "revision, version, to_hash, body, legs"
)

CLOCK = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
# A clock that a test drives is given; else the server's decides.
NOW = f"coalesce(%(now)s::bigint, {CLOCK})"

# One statement takes all the rows of a commit, as one parameter.
ADD = """
INSERT INTO devino.outbox(ref, hash, lane, due, until, version, to_hash, body)
SELECT ref, hash, lane, due, until, version, to_hash, body
FROM json_to_recordset(%s::json) AS new(ref text, hash bigint, lane text, due bigint, until bigint,
  version int, to_hash bigint, body text)
ON CONFLICT (ref) DO NOTHING RETURNING ref"""

HASHES = "SELECT ref, hash FROM devino.outbox WHERE ref = ANY(%s)"

# The lock keeps the worker from being buried until the claim is committed.
ALIVE = f"""
SELECT {NOW} AS now FROM devino.workers WHERE id = %(worker)s AND seen + hold > {NOW}
FOR KEY SHARE"""

# Floors: rows below them that were claimed, and that an open transaction keeps from being removed,
# are not walked over. Times go on, so what is added lies above them.
PLACE = """
SELECT EXISTS(SELECT 1 FROM devino.outbox
    WHERE phase = 0 AND until <= %(now)s AND until > %(late_floor)s),
  (SELECT json_object_agg(what, until) FROM devino.paused WHERE until > %(now)s),
  (SELECT json_agg(json_build_array(name, tat, per_second, burst, closed_until, probe, held))
   FROM devino.limits WHERE name = ANY(%(charge)s)),
  ARRAY(SELECT lane FROM unnest(%(lanes)s::text[], %(floors)s::bigint[]) AS asked(lane, floor)
    WHERE EXISTS(SELECT 1 FROM devino.outbox AS o
      WHERE o.phase = 0 AND o.lane = asked.lane COLLATE "C" AND o.due <= %(now)s
        AND o.due >= asked.floor))"""

# Whoever charges a limit is alone with it until the commit, and looks at the clock after that.
LOCK_LIMITS = """
SELECT name, tat, per_second, burst, closed_until, probe, held FROM devino.limits
WHERE name = ANY(%s) ORDER BY name FOR UPDATE"""

TIME = f"SELECT {NOW}"

CHARGE = "UPDATE devino.limits SET tat = %s, closed_until = %s WHERE name = %s"

CLAIM = f"""
WITH c AS MATERIALIZED (
  SELECT id, due FROM devino.outbox
  WHERE phase = 0 AND lane = %(lane)s AND due <= %(now)s AND due >= %(floor)s
    AND version <= %(newest)s AND (until IS NULL OR until > %(now)s)
  ORDER BY due LIMIT %(most)s FOR UPDATE SKIP LOCKED)
UPDATE devino.outbox SET phase = 1, worker = %(worker)s, attempt = attempt + 1, due = %(now)s
WHERE id = ANY(ARRAY(SELECT id FROM c))
RETURNING {COLUMNS}, (SELECT max(due) FROM c)"""

# Of a claim whose commit was not answered: nobody was given these, so nobody has sent them.
UNCLAIM = """
UPDATE devino.outbox SET phase = 0, worker = NULL
WHERE phase = 1 AND worker = %(worker)s AND due = %(now)s"""

LATE = f"""
SELECT {COLUMNS} FROM devino.outbox WHERE phase = 0 AND until <= %(now)s AND until > %(late_floor)s
LIMIT 1000 FOR UPDATE SKIP LOCKED"""

MOVE = f"""
WITH m AS (
  SELECT * FROM json_to_recordset(%(rows)s::json) AS m(n int, id bigint, was smallint, attempt int,
    phase smallint, revision int, due bigint, has_until boolean, until bigint, lane text, leg int,
    legs text, writes int, doubts int, failures int, crashes int, drop_body boolean,
    drop_to boolean, news text, learn json)),
d AS (
  UPDATE devino.outbox AS o SET phase = m.phase,
    due = CASE WHEN m.phase = 0 AND m.due IS NOT NULL THEN greatest(m.due, {NOW})
      ELSE coalesce(m.due, o.due) END,
    until = CASE WHEN m.has_until THEN m.until ELSE o.until END,
    lane = coalesce(m.lane, o.lane), leg = coalesce(m.leg, o.leg),
    legs = coalesce(m.legs, o.legs), doubts = coalesce(m.doubts, o.doubts),
    failures = coalesce(m.failures, o.failures), crashes = coalesce(m.crashes, o.crashes),
    revision = o.revision + coalesce(m.writes, 0),
    body = CASE WHEN m.drop_body THEN NULL ELSE o.body END,
    to_hash = CASE WHEN m.drop_to THEN NULL ELSE o.to_hash END,
    worker = CASE WHEN m.phase = 1 THEN o.worker END
  FROM m
  WHERE o.id = m.id AND o.attempt = m.attempt
    AND (o.phase = m.was OR (m.was = 1 AND o.phase = 3))
    AND (m.legs IS NULL OR o.revision = m.revision)
  RETURNING o.id, o.phase, o.legs),
told AS (
  INSERT INTO devino.events(entry, at, news)
  SELECT m.id, {NOW}, m.news FROM m JOIN d USING (id) WHERE m.news IS NOT NULL ORDER BY m.n),
learnt AS (
  INSERT INTO devino.ids(id, channel, entry)
  SELECT DISTINCT ON (one->>1, one->>0) one->>1, one->>0, m.id
  FROM m JOIN d USING (id), json_array_elements(m.learn) AS one
  WHERE m.learn IS NOT NULL ORDER BY one->>1, one->>0, m.n DESC
  ON CONFLICT (id, channel) DO UPDATE SET entry = excluded.entry),
forgotten AS (
  DELETE FROM devino.ids USING d, json_array_elements(d.legs::json) AS leg,
    json_array_elements_text(leg->'receipt'->'ids') AS one
  WHERE d.phase = 5 AND ids.id = one AND ids.entry = d.id)
SELECT id FROM d"""

# Receipts share it; who keeps an early report is alone. So one of the two sees the other.
SHARE_IDS = "SELECT pg_advisory_xact_lock_shared(%s)"
OWN_IDS = "SELECT pg_advisory_xact_lock(%s)"

KNOWN = """
SELECT n FROM json_to_recordset(%s::json) AS e(n int, id text, channel text)
WHERE EXISTS(SELECT 1 FROM devino.ids
  WHERE ids.id = e.id
    AND (e.channel IS NULL OR ids.channel = e.channel OR left(ids.channel, 1) = '@'))"""

KEEP_EARLY = f"""
INSERT INTO devino.early(id, channel, at, status)
SELECT id, channel, {NOW}, status
FROM json_to_recordset(%(rows)s::json) AS e(n int, id text, channel text, status text) ORDER BY n"""

EARLY = """
SELECT number, id, channel, status FROM devino.early WHERE id = ANY(%s) ORDER BY number"""

TAKE_UP = "DELETE FROM devino.early WHERE number = ANY(%s)"

BY_NUMBERS = f"SELECT {COLUMNS} FROM devino.outbox WHERE id = ANY(%s) ORDER BY id FOR UPDATE"

TELL = f"""
INSERT INTO devino.events(entry, at, news)
SELECT entry, {NOW}, news
FROM json_to_recordset(%(rows)s::json) AS e(n int, entry bigint, news text) ORDER BY n"""

_HORIZON = "xid < pg_snapshot_xmin(pg_current_snapshot())"

EVENTS = f"""
SELECT xid::text, seq, entry, at, news FROM devino.events
WHERE (xid, seq) > (%(xid)s::xid8, %(seq)s) AND {_HORIZON} ORDER BY xid, seq LIMIT %(limit)s"""

EVENTS_OF = f"""
SELECT xid::text, seq, entry, at, news FROM devino.events
WHERE entry = %(entry)s AND (xid, seq) > (%(xid)s::xid8, %(seq)s) AND {_HORIZON}
ORDER BY xid, seq LIMIT %(limit)s"""

CURSOR = "SELECT cursor FROM devino.cursors WHERE consumer = %s"

BEGIN_WORKER = f"""
INSERT INTO devino.workers(host, pid, version, seen, hold)
VALUES(%(host)s, %(pid)s, %(version)s, {NOW}, %(hold)s) RETURNING id"""

BEAT = f"""
UPDATE devino.workers SET seen = {NOW}, hold = %(hold)s
WHERE id = %(worker)s AND seen + hold > {NOW} RETURNING id"""

END_WORKER = "DELETE FROM devino.workers WHERE id = %s"

BURY_WORKERS = f"""
DELETE FROM devino.workers WHERE id IN (
  SELECT id FROM devino.workers WHERE seen + hold <= {NOW} FOR UPDATE SKIP LOCKED)"""

ORPHANS = f"""
SELECT {COLUMNS} FROM devino.outbox AS o
WHERE phase = 1 AND NOT EXISTS(SELECT 1 FROM devino.workers WHERE workers.id = o.worker)
LIMIT 1000 FOR UPDATE OF o SKIP LOCKED"""

UNFINISHED = f"""
SELECT {COLUMNS} FROM devino.outbox
WHERE id > %s AND phase IN (0, 1, 2, 4) ORDER BY id LIMIT 1000 FOR UPDATE"""

# In another system the numbers of transactions begin anew. What was told before comes before all
# that will be told; each consumer reads on from the first event that it may not have read.
KEEP_PLACES = """
UPDATE devino.cursors SET cursor = '0.' || (
  SELECT coalesce(min(seq) - 1, (SELECT max(seq) FROM devino.events), 0) FROM devino.events
  WHERE (xid, seq) > (split_part(cursor, '.', 1)::xid8, split_part(cursor, '.', 2)::bigint))
WHERE cursor <> ''"""

TOLD_BEFORE = "UPDATE devino.events SET xid = '0' WHERE xid <> '0'"

WORKERS = f"""
SELECT {NOW}, count(*), max(version) FROM devino.workers WHERE seen + hold > {NOW}"""

COUNTS = """
SELECT lane, phase, sum(n)::bigint, count(*) FROM devino.counts GROUP BY lane, phase"""

ADD_UP = """
WITH gone AS (
  DELETE FROM devino.counts WHERE id IN (
    SELECT id FROM devino.counts ORDER BY id LIMIT 100000 FOR UPDATE SKIP LOCKED)
  RETURNING lane, phase, n)
INSERT INTO devino.counts(lane, phase, n)
SELECT lane, phase, sum(n) FROM gone GROUP BY lane, phase HAVING sum(n) <> 0"""

OLDEST = """
SELECT lane, (SELECT min(due) FROM devino.outbox AS o
  WHERE o.phase = 0 AND o.lane = asked.lane COLLATE "C")
FROM unnest(%s::text[]) AS asked(lane)"""

AGES = """
SELECT (SELECT count(*) FROM (
  SELECT 1 FROM devino.outbox AS o WHERE phase = 0 AND o.lane = %(lane)s AND due <= edge
    AND due > older LIMIT %(most)s) AS few)
FROM unnest(%(edges)s::bigint[], %(older)s::bigint[]) WITH ORDINALITY AS e(edge, older, n)
ORDER BY n"""

ALL_LIMITS = "SELECT name, per_second, burst, closed_until, probe, held FROM devino.limits"

ALL_PAUSED = "SELECT what, until FROM devino.paused"

ALL_WEIGHTS = "SELECT tenant, weight FROM devino.weights"

GAUGES = """
SELECT pg_total_relation_size('devino.outbox')::float8,
  coalesce(pg_stat_get_dead_tuples('devino.outbox'::regclass), 0)::float8,
  (SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float8
   FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid())"""

PRUNE = """
DELETE FROM devino.outbox WHERE id = ANY(ARRAY(
  SELECT id FROM devino.outbox WHERE phase = 5 AND due < %s
  ORDER BY due LIMIT %s FOR UPDATE SKIP LOCKED))"""

# They stand in about the order of their times, so those to forget are among the first.
FORGET_EVENTS = """
DELETE FROM devino.events AS e USING (
  SELECT xid, seq, at FROM devino.events ORDER BY xid, seq LIMIT %s) AS first
WHERE e.xid = first.xid AND e.seq = first.seq AND first.at < %s"""

FORGET_EARLY = """
DELETE FROM devino.early WHERE number IN (
  SELECT number FROM (SELECT number, at FROM devino.early ORDER BY number LIMIT %s) AS first
  WHERE at < %s)"""

FORGET_FACTS = """
DELETE FROM devino.facts WHERE key = ANY(ARRAY(
  SELECT key FROM devino.facts WHERE until <= %s ORDER BY until LIMIT %s))"""

RATE = """
INSERT INTO devino.limits(name, per_second, burst) VALUES(%s, %s, %s)
ON CONFLICT (name) DO UPDATE SET per_second = excluded.per_second, burst = excluded.burst"""

CLOSE = """
INSERT INTO devino.limits(name, closed_until, probe) VALUES(%s, %s, %s)
ON CONFLICT (name) DO UPDATE SET closed_until = excluded.closed_until, probe = excluded.probe"""

HOLD = """
INSERT INTO devino.limits(name, held) VALUES(%s, %s)
ON CONFLICT (name) DO UPDATE SET held = excluded.held"""

PAUSE = """
INSERT INTO devino.paused VALUES(%s, %s) ON CONFLICT (what) DO UPDATE SET until = excluded.until"""

GO_ON = "DELETE FROM devino.paused WHERE what = %s"

WEIGH = """
INSERT INTO devino.weights VALUES(%s, %s)
ON CONFLICT (tenant) DO UPDATE SET weight = excluded.weight"""

CONSUME = """
INSERT INTO devino.cursors VALUES(%s, %s)
ON CONFLICT (consumer) DO UPDATE SET cursor = excluded.cursor"""

FACTS = "SELECT key, until, value FROM devino.facts WHERE key = ANY(%s)"

ADD_FACT = """
INSERT INTO devino.facts VALUES(%(key)s, %(until)s, %(value)s)
ON CONFLICT (key) DO UPDATE SET until = excluded.until, value = excluded.value
WHERE facts.until <= %(now)s"""

FORGET_FACT = "DELETE FROM devino.facts WHERE key = ANY(%s)"
