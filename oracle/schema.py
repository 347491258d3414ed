"""The tables of a journal, in words that SQLite and, by `oracle.postgres`, PostgreSQL know."""

FORMAT = "1"
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- a file that was read: how far, under which mapping, moved by how much
CREATE TABLE IF NOT EXISTS source (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, mapping TEXT NOT NULL,
  shift_s INTEGER NOT NULL, rows INTEGER NOT NULL);
-- rows in the archive
CREATE TABLE IF NOT EXISTS segment (
  id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source, first_row INTEGER NOT NULL,
  rows INTEGER NOT NULL, sha256 TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS segment_of_row ON segment (source, first_row);
-- where a channel stands: its last reading, how many were accepted and cut, where its next group
-- opens; `reopen` when the contract refused it, or moves its register, and it must be opened where
-- the chain has it
CREATE TABLE IF NOT EXISTS channel (
  id INTEGER PRIMARY KEY, contract TEXT NOT NULL, relay_group INTEGER NOT NULL,
  kind INTEGER NOT NULL, last_at INTEGER NOT NULL, last_value INTEGER NOT NULL,
  carry TEXT NOT NULL, run INTEGER NOT NULL, accepted INTEGER NOT NULL, cut INTEGER NOT NULL,
  opening_at INTEGER NOT NULL, opening_l INTEGER NOT NULL, repeated INTEGER NOT NULL DEFAULT 0,
  reopen INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS channel_waiting ON channel (contract, relay_group, opening_at, id)
  WHERE accepted > cut AND reopen = 0;
CREATE INDEX IF NOT EXISTS channel_refused ON channel (contract, relay_group) WHERE reopen = 1;
-- accepted readings as columns; `first` counts a channel's readings from 0
CREATE TABLE IF NOT EXISTS block (
  channel INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
  segment INTEGER NOT NULL REFERENCES segment, kind INTEGER NOT NULL, grade INTEGER NOT NULL,
  first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, flagged INTEGER NOT NULL,
  columns BLOB NOT NULL, PRIMARY KEY (channel, first)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS block_at ON block (channel, first_at);
-- what officers approved of a register, each taken in once: deemed use, an exchange, a reset. `id`
-- is its event's transaction and place there, `number` its reading; `state` is taken, recorded or
-- refused, and of one that is refused without a reading `number` is NULL
CREATE TABLE IF NOT EXISTS approved (
  id TEXT PRIMARY KEY, channel INTEGER NOT NULL, kind INTEGER NOT NULL, closing_l INTEGER NOT NULL,
  opening_l INTEGER NOT NULL, from_at INTEGER NOT NULL, until_at INTEGER NOT NULL, number INTEGER,
  state TEXT NOT NULL, reason TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS approved_of_channel ON approved (channel);
-- channels that stand on estimates, and the register measured before them
CREATE TABLE IF NOT EXISTS estimated (channel INTEGER PRIMARY KEY, measured_l INTEGER NOT NULL);
-- what was refused, with its reason; nothing is deleted
CREATE TABLE IF NOT EXISTS held (
  id INTEGER PRIMARY KEY, segment INTEGER REFERENCES segment, row INTEGER, channel INTEGER,
  at INTEGER, text TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
  count INTEGER NOT NULL DEFAULT 1, state TEXT NOT NULL DEFAULT 'held',
  decided_at INTEGER, note TEXT);
-- who released or rejected a held entry, and the signature over it
CREATE TABLE IF NOT EXISTS verdict (
  held INTEGER PRIMARY KEY, account TEXT NOT NULL, signature BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS held_awhile ON held (channel)
  WHERE state = 'held' AND reason IN ('below_estimate', 'register_moves');
-- signed telegrams taken in; a sequence is 8 bytes, the highest first, as it may need all 64 bits
CREATE TABLE IF NOT EXISTS signed (
  key INTEGER NOT NULL, device INTEGER NOT NULL, sequence BLOB NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (key, device, sequence)) WITHOUT ROWID;
-- a lane's sequence, as this journal has sent it
CREATE TABLE IF NOT EXISTS lane (
  contract TEXT NOT NULL, lane INTEGER NOT NULL, relay_group INTEGER NOT NULL,
  account TEXT NOT NULL, first_batch INTEGER NOT NULL, first_running BLOB NOT NULL,
  stopped TEXT, PRIMARY KEY (contract, lane)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (
  contract TEXT NOT NULL, lane INTEGER NOT NULL, id INTEGER NOT NULL, root BLOB NOT NULL,
  digest BLOB NOT NULL, words BLOB NOT NULL, readings INTEGER NOT NULL, gas INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'cut', PRIMARY KEY (contract, lane, id)) WITHOUT ROWID;
-- which readings of which channel a batch carries, and where the channel's group opened
CREATE TABLE IF NOT EXISTS part (
  contract TEXT NOT NULL, lane INTEGER NOT NULL, batch INTEGER NOT NULL, channel INTEGER NOT NULL,
  first INTEGER NOT NULL, count INTEGER NOT NULL, opening_at INTEGER NOT NULL,
  opening_l INTEGER NOT NULL, refused INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (contract, lane, batch, channel)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS part_of_channel ON part (channel, first);
-- daily telegrams of households, those of one community and day in one segment; a batch once their
-- leaves hang in one, and for each community when each household was first and last heard of
CREATE TABLE IF NOT EXISTS home (
  channel INTEGER NOT NULL, ends_at INTEGER NOT NULL, segment INTEGER NOT NULL REFERENCES segment,
  begins_at INTEGER NOT NULL, grade INTEGER NOT NULL, count INTEGER NOT NULL, names BLOB NOT NULL,
  columns BLOB NOT NULL, contract TEXT, lane INTEGER, batch INTEGER,
  PRIMARY KEY (channel, ends_at, segment)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS home_waiting ON home (channel, ends_at) WHERE batch IS NULL;
CREATE INDEX IF NOT EXISTS home_of_batch ON home (contract, lane, batch) WHERE batch IS NOT NULL;
CREATE TABLE IF NOT EXISTS roster (channel INTEGER PRIMARY KEY, standing BLOB NOT NULL);
-- signed bytes, stored before they are sent
CREATE TABLE IF NOT EXISTS attempt (
  contract TEXT NOT NULL, lane INTEGER NOT NULL, batch INTEGER NOT NULL, number INTEGER NOT NULL,
  nonce INTEGER NOT NULL, hash TEXT NOT NULL, raw BLOB NOT NULL, max_fee_wei INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'alive', block INTEGER, block_hash TEXT,
  PRIMARY KEY (contract, lane, batch, number)) WITHOUT ROWID;
-- what witnesses signed of a batch, in the order in which it came
CREATE TABLE IF NOT EXISTS cosigned (
  id INTEGER PRIMARY KEY, contract TEXT NOT NULL, lane INTEGER NOT NULL, batch INTEGER NOT NULL,
  account TEXT NOT NULL, signature BLOB NOT NULL, UNIQUE (contract, lane, batch, account));
-- what a witness would not sign, until its dissent is on the chain
CREATE TABLE IF NOT EXISTS dissent (
  contract TEXT NOT NULL, lane INTEGER NOT NULL, batch INTEGER NOT NULL, root BLOB NOT NULL,
  reason TEXT NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'due',
  PRIMARY KEY (contract, lane, batch)) WITHOUT ROWID;
-- settled batches that were put away in a file, from `first_batch` to before `next_batch`; its
-- telegrams are in the archive while `telegrams` is 1
CREATE TABLE IF NOT EXISTS settled_file (
  contract TEXT NOT NULL, lane INTEGER NOT NULL, first_batch INTEGER NOT NULL,
  next_batch INTEGER NOT NULL, day TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL,
  readings INTEGER NOT NULL, refused INTEGER NOT NULL, flagged INTEGER NOT NULL,
  first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, telegrams INTEGER NOT NULL,
  PRIMARY KEY (contract, lane, first_batch)) WITHOUT ROWID;
-- the days of households that hang in them, in a file beside it
CREATE TABLE IF NOT EXISTS home_file (
  contract TEXT NOT NULL, lane INTEGER NOT NULL, first_batch INTEGER NOT NULL,
  next_batch INTEGER NOT NULL, day TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL,
  first_end_at INTEGER NOT NULL, last_end_at INTEGER NOT NULL, telegrams INTEGER NOT NULL,
  PRIMARY KEY (contract, lane, first_batch)) WITHOUT ROWID;
-- channels with readings put away that were re-dated
CREATE TABLE IF NOT EXISTS shifted (channel INTEGER PRIMARY KEY, shift_s INTEGER NOT NULL);
-- what people are warned of; `open` while its ladder is climbed, `rung` is the last one reached.
-- The batch is the one whose receipt it was ruled by
CREATE TABLE IF NOT EXISTS warning (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  subject TEXT NOT NULL, channel INTEGER, reading INTEGER, side TEXT, at INTEGER NOT NULL,
  made_at INTEGER NOT NULL, text TEXT NOT NULL, state TEXT NOT NULL, why TEXT, unsent TEXT,
  open INTEGER NOT NULL, rung INTEGER NOT NULL DEFAULT 0, rung_at INTEGER NOT NULL,
  heard_at INTEGER, acknowledged_at INTEGER, note TEXT, ended_at INTEGER,
  contract TEXT, lane INTEGER, batch INTEGER);
CREATE INDEX IF NOT EXISTS warning_open ON warning (open) WHERE open = 1;
CREATE INDEX IF NOT EXISTS warning_state ON warning (state, channel, reading);
-- a message to one recipient about a warning: due, accepted, failed or dropped
CREATE TABLE IF NOT EXISTS letter (
  warning INTEGER NOT NULL REFERENCES warning, about TEXT NOT NULL, address TEXT NOT NULL,
  rung INTEGER NOT NULL, due_at INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'due', sent_at INTEGER, why TEXT,
  PRIMARY KEY (warning, about, address)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS letter_due ON letter (state, due_at);
-- messages that left, for the limit per recipient; a digest is one
CREATE TABLE IF NOT EXISTS message (
  id INTEGER PRIMARY KEY, address TEXT NOT NULL, at INTEGER NOT NULL, letters INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS message_at ON message (address, at);
-- where a check stands, as JSON
CREATE TABLE IF NOT EXISTS watched (key TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
"""
