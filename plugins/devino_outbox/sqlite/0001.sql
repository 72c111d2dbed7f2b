-- The first schema. Times are microseconds since 1970, UTC.
CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
-- A number of a worker is never used twice.
CREATE TABLE workers(id INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT NOT NULL, pid INTEGER NOT NULL,
  version INTEGER NOT NULL, seen INTEGER NOT NULL) STRICT;
-- GCRA: tat is nanoseconds.
CREATE TABLE limits(name TEXT PRIMARY KEY, per_second REAL, burst INTEGER NOT NULL DEFAULT 1,
  tat INTEGER NOT NULL DEFAULT 0, closed_until INTEGER, probe INTEGER, held TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE paused(what TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE weights(tenant TEXT PRIMARY KEY, weight REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE outbox(id INTEGER PRIMARY KEY, ref TEXT NOT NULL, hash INTEGER NOT NULL,
  lane TEXT NOT NULL, phase INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL, until INTEGER,
  attempt INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0,
  doubts INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
  leg INTEGER NOT NULL DEFAULT 0, worker INTEGER, revision INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL, to_hash INTEGER, body TEXT, legs TEXT) STRICT;
CREATE UNIQUE INDEX outbox_ref ON outbox(ref);
-- One partial index a phase: a query finds it only by the same literal.
CREATE INDEX outbox_queued ON outbox(lane, due) WHERE phase = 0;
CREATE INDEX outbox_late ON outbox(until) WHERE phase = 0 AND until IS NOT NULL;
CREATE INDEX outbox_held ON outbox(due) WHERE phase = 1;
CREATE INDEX outbox_sent ON outbox(due) WHERE phase = 2;
CREATE INDEX outbox_doubt ON outbox(due) WHERE phase = 3;
CREATE INDEX outbox_dead ON outbox(due) WHERE phase = 4;
CREATE INDEX outbox_done ON outbox(due) WHERE phase = 5;
CREATE INDEX outbox_to ON outbox(to_hash) WHERE to_hash IS NOT NULL;
-- Counters, for a count of ten million rows takes seconds. Triggers keep them, so that an
-- application's own INSERT counts, too.
CREATE TABLE counts(lane TEXT NOT NULL, phase INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY(lane, phase)) STRICT, WITHOUT ROWID;
CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
  INSERT INTO counts VALUES(new.lane, new.phase, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER outbox_moved AFTER UPDATE OF lane, phase ON outbox
WHEN old.phase <> new.phase OR old.lane <> new.lane BEGIN
  UPDATE counts SET n = n - 1 WHERE lane = old.lane AND phase = old.phase;
  INSERT INTO counts VALUES(new.lane, new.phase, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER outbox_pruned AFTER DELETE ON outbox BEGIN
  UPDATE counts SET n = n - 1 WHERE lane = old.lane AND phase = old.phase;
END;
-- The platform's ids, until their entry is done: reports find their message.
CREATE TABLE ids(id TEXT NOT NULL, channel TEXT NOT NULL, entry INTEGER NOT NULL,
  PRIMARY KEY(id, channel)) STRICT, WITHOUT ROWID;
-- Reports that came before our receipt.
CREATE TABLE early(id TEXT NOT NULL, channel TEXT, at INTEGER NOT NULL,
  status TEXT NOT NULL) STRICT;
CREATE INDEX early_id ON early(id);
CREATE TABLE events(seq INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER NOT NULL,
  at INTEGER NOT NULL, news TEXT NOT NULL) STRICT;
CREATE INDEX events_entry ON events(entry);
CREATE TABLE cursors(consumer TEXT PRIMARY KEY, cursor TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- What was done of late: devino_core.remembered.
CREATE TABLE facts(key TEXT PRIMARY KEY, until INTEGER NOT NULL, value TEXT) STRICT, WITHOUT ROWID;
CREATE INDEX facts_until ON facts(until);
