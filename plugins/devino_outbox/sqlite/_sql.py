"""Every query of the store. A test reads the plan of each: none may scan what grows."""

# ruff: noqa: S608 - the columns are a constant; what callers give is bound

from __future__ import annotations

from ._many import Many

COLUMNS = (
    "id, ref, hash, lane, phase, due, until, attempt, crashes, doubts, failures, leg, worker, "
    "revision, version, to_hash, body, legs"
)

ADD = Many(
    "ref, hash, lane, due, until, version, to_hash, body",
    """
INSERT INTO outbox(ref, hash, lane, phase, due, until, version, to_hash, body)
SELECT ref, hash, lane, 0, due, until, version, to_hash, body FROM m WHERE ref IS NOT NULL
ON CONFLICT(ref) DO NOTHING RETURNING ref""",
)

HASHES = "SELECT ref, hash FROM outbox WHERE ref IN (SELECT value FROM json_each(?))"

WAITING = """
SELECT value FROM json_each(?) WHERE EXISTS(
  SELECT 1 FROM outbox WHERE phase = 0 AND lane = value AND due <= ?)"""

CLAIM = f"""
UPDATE outbox SET phase = 1, worker = ?1, attempt = attempt + 1, due = ?2
WHERE id IN (
  SELECT id FROM outbox WHERE phase = 0 AND lane = ?3 AND due <= ?2 AND version <= ?4
  AND (until IS NULL OR until > ?2) ORDER BY due LIMIT ?5)
RETURNING {COLUMNS}"""

LATE = f"SELECT {COLUMNS} FROM outbox WHERE phase = 0 AND until <= ? LIMIT 1000"

ORPHANS = f"""
SELECT {COLUMNS} FROM outbox
WHERE phase = 1 AND worker NOT IN (SELECT value FROM json_each(?))"""

MOVE = Many(
    "id, was, attempt, phase, revision, due, has_until, until, lane, leg, legs, writes, "
    "doubts, failures, crashes",
    """
UPDATE outbox SET phase = m.phase,
  due = CASE WHEN m.phase = 0 AND m.due IS NOT NULL THEN max(m.due, ?)
    ELSE coalesce(m.due, outbox.due) END,
  until = CASE WHEN m.has_until THEN m.until ELSE outbox.until END,
  lane = coalesce(m.lane, outbox.lane), leg = coalesce(m.leg, outbox.leg),
  legs = coalesce(m.legs, outbox.legs), doubts = coalesce(m.doubts, outbox.doubts),
  failures = coalesce(m.failures, outbox.failures), crashes = coalesce(m.crashes, outbox.crashes),
  revision = outbox.revision + m.writes, worker = CASE WHEN m.phase = 1 THEN worker END
FROM m
WHERE outbox.id = m.id AND outbox.attempt = m.attempt
  AND (outbox.phase = m.was OR (m.was = 1 AND outbox.phase = 3))
  AND (m.legs IS NULL OR outbox.revision = m.revision)
RETURNING outbox.id""",
)

# Not by MOVE: it would write the index of to_hash anew each time.
DROP = Many(
    "id, body, recipient",
    """
UPDATE outbox SET body = CASE WHEN NOT m.body THEN outbox.body END,
  to_hash = CASE WHEN NOT m.recipient THEN to_hash END
FROM m WHERE outbox.id = m.id""",
)

TELL = Many(
    "entry, at, news",
    """
INSERT INTO events(entry, at, news) SELECT entry, at, news FROM m WHERE entry IS NOT NULL""",
)

EVENTS = "SELECT seq, entry, at, news FROM events WHERE seq > ? ORDER BY seq LIMIT ?"

EVENTS_OF = (
    "SELECT seq, entry, at, news FROM events WHERE entry = ? AND seq > ? ORDER BY seq LIMIT ?"
)

ALIVE = "SELECT 1 FROM workers WHERE id = ?"

LEARN = Many(
    "id, channel, entry",
    """
INSERT INTO ids(id, channel, entry) SELECT id, channel, entry FROM m WHERE id IS NOT NULL
ON CONFLICT(id, channel) DO UPDATE SET entry = excluded.entry""",
)

UNLEARN = Many("id, channel", "DELETE FROM ids WHERE (id, channel) IN (SELECT id, channel FROM m)")

KNOWN = "SELECT 1 FROM ids WHERE id = ?1 AND (?2 IS NULL OR channel = ?2 OR channel LIKE '@%')"

KEEP_EARLY = "INSERT INTO early(id, channel, at, status) VALUES(?, ?, ?, ?)"

EARLY = """
SELECT rowid, id, channel, status FROM early
WHERE id IN (SELECT value FROM json_each(?)) ORDER BY rowid"""

TAKE_UP = "DELETE FROM early WHERE rowid IN (SELECT value FROM json_each(?))"

BY_NUMBER = f"SELECT {COLUMNS} FROM outbox WHERE id = ?"

OLDEST = """
SELECT lane, (SELECT min(due) FROM outbox WHERE phase = 0 AND lane = counts.lane)
FROM counts WHERE phase = 0 AND n > 0"""

AGE = """
SELECT count(*) FROM (
  SELECT 1 FROM outbox WHERE phase = 0 AND lane = ? AND due <= ? AND due > ? LIMIT ?)"""

PRUNE = """
DELETE FROM outbox WHERE id IN (
  SELECT id FROM outbox WHERE phase = 5 AND due < ? ORDER BY due LIMIT ?)"""

# They stand in the order of their times, so those to forget are among the first.
FORGET_EVENTS = """
DELETE FROM events WHERE seq IN (
  SELECT seq FROM (SELECT seq, at FROM events ORDER BY seq LIMIT ?2) WHERE at < ?1)"""

LIMITS = """
SELECT name, tat, per_second, burst, closed_until, probe, held FROM limits
WHERE name IN (SELECT value FROM json_each(?))"""

CHARGE = "UPDATE limits SET tat = ?, closed_until = ? WHERE name = ?"

CURSOR = "SELECT cursor FROM cursors WHERE consumer = ?"

FORGET_EARLY = """
DELETE FROM early WHERE rowid IN (
  SELECT number FROM (SELECT rowid AS number, at FROM early ORDER BY rowid LIMIT ?2)
  WHERE at < ?1)"""

FORGET_FACTS = """
DELETE FROM facts WHERE key IN (SELECT key FROM facts WHERE until <= ? ORDER BY until LIMIT ?)"""

BEGIN_WORKER = "INSERT INTO workers(host, pid, version, seen) VALUES(?, ?, ?, ?)"

END_WORKERS = "DELETE FROM workers WHERE id IN (SELECT value FROM json_each(?))"

WORKERS = "SELECT count(*), max(version) FROM workers"

COUNTS = "SELECT lane, phase, n FROM counts WHERE n > 0"

ALL_LIMITS = "SELECT name, per_second, burst, closed_until, probe, held FROM limits"

RATE = """
INSERT INTO limits(name, per_second, burst) VALUES(?, ?, ?)
ON CONFLICT DO UPDATE SET per_second = excluded.per_second, burst = excluded.burst"""

CLOSE = """
INSERT INTO limits(name, closed_until, probe) VALUES(?, ?, ?)
ON CONFLICT DO UPDATE SET closed_until = excluded.closed_until, probe = excluded.probe"""

HOLD = """
INSERT INTO limits(name, held) VALUES(?, ?) ON CONFLICT DO UPDATE SET held = excluded.held"""

PAUSE = """
INSERT INTO paused VALUES(?, ?) ON CONFLICT DO UPDATE SET until = excluded.until"""

WEIGH = """
INSERT INTO weights VALUES(?, ?) ON CONFLICT DO UPDATE SET weight = excluded.weight"""

CONSUME = """
INSERT INTO cursors VALUES(?, ?) ON CONFLICT DO UPDATE SET cursor = excluded.cursor"""

FACTS = "SELECT key, until, value FROM facts WHERE key IN (SELECT value FROM json_each(?))"

ADD_FACT = """
INSERT INTO facts VALUES(?1, ?2, ?3)
ON CONFLICT DO UPDATE SET until = excluded.until, value = excluded.value
WHERE facts.until <= ?4"""

FORGET_FACT = "DELETE FROM facts WHERE key IN (SELECT value FROM json_each(?))"
