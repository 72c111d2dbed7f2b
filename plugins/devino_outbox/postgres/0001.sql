-- The first schema. Times are microseconds since 1970, UTC, so that every driver writes them alike.
CREATE TABLE devino.meta(key text PRIMARY KEY, value text NOT NULL);
-- A number of a worker is never used twice. seen and hold: it lives until seen + hold.
CREATE TABLE devino.workers(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, host text NOT NULL,
  pid bigint NOT NULL, version int NOT NULL, seen bigint NOT NULL, hold bigint NOT NULL);
-- GCRA: tat is nanoseconds.
CREATE TABLE devino.limits(name text PRIMARY KEY, per_second double precision,
  burst bigint NOT NULL DEFAULT 1, tat bigint NOT NULL DEFAULT 0, closed_until bigint, probe bigint,
  held text);
CREATE TABLE devino.paused(what text PRIMARY KEY, until bigint NOT NULL);
CREATE TABLE devino.weights(tenant text PRIMARY KEY, weight double precision NOT NULL);
-- The order of text is that of its bytes, as in Python. A column of a partial index's predicate
-- keeps every update from being a HOT one, so there is little use in room on the pages.
CREATE TABLE devino.outbox(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ref text COLLATE "C" NOT NULL, hash bigint NOT NULL, lane text COLLATE "C" NOT NULL,
  phase smallint NOT NULL DEFAULT 0, due bigint NOT NULL, until bigint,
  attempt int NOT NULL DEFAULT 0, crashes int NOT NULL DEFAULT 0, doubts int NOT NULL DEFAULT 0,
  failures int NOT NULL DEFAULT 0, leg int NOT NULL DEFAULT 0, worker bigint,
  revision int NOT NULL DEFAULT 0, version int NOT NULL, to_hash bigint, body text, legs text)
  WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.02);
CREATE UNIQUE INDEX outbox_ref ON devino.outbox(ref);
-- One partial index a phase: a query finds it only by the same literal.
CREATE INDEX outbox_queued ON devino.outbox(lane, due) WHERE phase = 0;
CREATE INDEX outbox_late ON devino.outbox(until) WHERE phase = 0 AND until IS NOT NULL;
CREATE INDEX outbox_held ON devino.outbox(worker) WHERE phase = 1;
CREATE INDEX outbox_sent ON devino.outbox(due) WHERE phase = 2;
CREATE INDEX outbox_doubt ON devino.outbox(due) WHERE phase = 3;
CREATE INDEX outbox_dead ON devino.outbox(due) WHERE phase = 4;
CREATE INDEX outbox_done ON devino.outbox(due) WHERE phase = 5;
CREATE INDEX outbox_to ON devino.outbox(to_hash) WHERE to_hash IS NOT NULL;
-- Counters, for a count of ten million rows takes seconds. Each statement adds its differences, and
-- who asks adds them up: no row is written twice, so no transaction waits for another's.
CREATE TABLE devino.counts(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lane text COLLATE "C" NOT NULL, phase smallint NOT NULL, n bigint NOT NULL)
  WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0);
-- An application that may only INSERT into the outbox counts with the owner's rights.
CREATE FUNCTION devino.count_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$ BEGIN
  INSERT INTO devino.counts(lane, phase, n)
  SELECT lane, phase, count(*) FROM added GROUP BY lane, phase;
  RETURN NULL;
END $$;
CREATE FUNCTION devino.count_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$ BEGIN
  INSERT INTO devino.counts(lane, phase, n)
  SELECT lane, phase, sum(n) FROM (SELECT lane, phase, 1 AS n FROM added
    UNION ALL SELECT lane, phase, -1 FROM gone) AS moved
  GROUP BY lane, phase HAVING sum(n) <> 0;
  RETURN NULL;
END $$;
CREATE FUNCTION devino.count_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$ BEGIN
  INSERT INTO devino.counts(lane, phase, n)
  SELECT lane, phase, -count(*) FROM gone GROUP BY lane, phase;
  RETURN NULL;
END $$;
CREATE TRIGGER outbox_added AFTER INSERT ON devino.outbox
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION devino.count_added();
CREATE TRIGGER outbox_moved AFTER UPDATE ON devino.outbox
  REFERENCING NEW TABLE AS added OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION devino.count_moved();
CREATE TRIGGER outbox_pruned AFTER DELETE ON devino.outbox
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION devino.count_gone();
-- The platform's ids, until their entry is done: reports find their message.
CREATE TABLE devino.ids(id text COLLATE "C" NOT NULL, channel text COLLATE "C" NOT NULL,
  entry bigint NOT NULL, PRIMARY KEY(id, channel));
-- Reports that came before our receipt.
CREATE TABLE devino.early(number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL, channel text, at bigint NOT NULL, status text NOT NULL);
CREATE INDEX early_id ON devino.early(id);
-- Numbers are given before the commit, so their order is not that of the commits. Who reads stays
-- below the oldest transaction that is under way: then nothing comes in behind the reader.
CREATE TABLE devino.events(xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq bigint GENERATED ALWAYS AS IDENTITY, entry bigint NOT NULL, at bigint NOT NULL,
  news text NOT NULL, PRIMARY KEY(xid, seq));
CREATE INDEX events_entry ON devino.events(entry, xid, seq);
CREATE TABLE devino.cursors(consumer text PRIMARY KEY, cursor text NOT NULL);
-- What was done of late: devino_core.remembered.
CREATE TABLE devino.facts(key text COLLATE "C" PRIMARY KEY, until bigint NOT NULL, value text);
CREATE INDEX facts_until ON devino.facts(until);
