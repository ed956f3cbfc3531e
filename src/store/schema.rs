//! The tables of a store and their versions.
//!
//! A new version is one more entry of [`MIGRATIONS`]; released entries are never changed.

/// What marks a database as a store: `flow` in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x666c_6f77;

/// The version that this program writes and reads.
pub(super) const VERSION: u32 = 2;

/// Each entry leads from the version before to the next one.
pub(super) const MIGRATIONS: [&str; VERSION as usize] = ["
-- A number that every change of usage raises.
CREATE TABLE state (generation INTEGER NOT NULL) STRICT;
INSERT INTO state VALUES (0);

-- A text of log lines that counts once, whatever names it has or had.
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,               -- the first of its names, as they were given
    sort BLOB NOT NULL,               -- the path that sources are sorted by
    size INTEGER,                     -- bytes on disk
    whole BLOB UNIQUE,                -- hash of the text as far as it could be read; NULL of empty ones
    chain BLOB NOT NULL,              -- hash of its whole chunks, to be hashed on from when it grows
    head BLOB,                        -- hash of its first bytes, 64 to 4096: the most of 2^n that it has
    text_bytes INTEGER NOT NULL,      -- length of the text
    format TEXT NOT NULL,
    region TEXT NOT NULL,             -- the region that was named for it; empty without one
    named_domain TEXT,                -- what its name tells: domain, first and last second of its hours (exclusive)
    named_start INTEGER,
    named_end INTEGER,
    domain TEXT,                      -- the domain of lines that hold only a path
    lines INTEGER NOT NULL,           -- lines = accepted + unplaced + blank + the rejects of the source
    accepted INTEGER NOT NULL,
    unplaced INTEGER NOT NULL,        -- good lines of a time before 1970 or beyond the calendar
    blank INTEGER NOT NULL,
    file TEXT,                        -- device and number of its file, by which it is known when it was renamed
    fault TEXT,                       -- why reading ended early
    arrived INTEGER NOT NULL,         -- unix seconds of the first reading
    changed INTEGER NOT NULL          -- and of the last one
) STRICT;
CREATE INDEX source_file ON source (file);
CREATE INDEX source_head ON source (head);

-- Where sources were found; many places may hold the same text.
CREATE TABLE place (
    path BLOB PRIMARY KEY,            -- absolute
    source INTEGER NOT NULL REFERENCES source,
    name TEXT NOT NULL,               -- as it was given
    sort BLOB NOT NULL,
    size INTEGER,
    modified INTEGER,                 -- nanoseconds since 1970
    is_named INTEGER NOT NULL         -- 1 when the name tells domain and hours
) STRICT;
CREATE INDEX place_source ON place (source);

CREATE TABLE reject (
    source INTEGER NOT NULL REFERENCES source,
    reason TEXT NOT NULL,
    lines INTEGER NOT NULL,
    PRIMARY KEY (source, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE sample (
    source INTEGER NOT NULL REFERENCES source,
    line INTEGER NOT NULL,
    reason TEXT NOT NULL,
    text BLOB NOT NULL,
    PRIMARY KEY (source, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    domain TEXT NOT NULL,
    region TEXT NOT NULL,             -- empty where the logs do not say
    UNIQUE (domain, region)
) STRICT;

-- What a source says of a series, in short.
CREATE TABLE part (
    source INTEGER NOT NULL REFERENCES source,
    series INTEGER NOT NULL REFERENCES series,
    first_window INTEGER NOT NULL,
    last_window INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (source, series)
) STRICT, WITHOUT ROWID;

-- What a source says of a series, window by window (unix seconds / 300).
CREATE TABLE cell (
    series INTEGER NOT NULL REFERENCES series,
    window INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES source,
    bytes INTEGER NOT NULL,
    http INTEGER NOT NULL,
    https INTEGER NOT NULL,
    quic INTEGER NOT NULL,
    other INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    hit_bytes INTEGER NOT NULL,
    client_errors INTEGER NOT NULL,
    server_errors INTEGER NOT NULL,
    PRIMARY KEY (series, window, source)
) STRICT, WITHOUT ROWID;

-- What changed in windows that tasks had exported, by the generation that changed it.
CREATE TABLE change (
    window INTEGER NOT NULL,
    series INTEGER NOT NULL REFERENCES series,
    generation INTEGER NOT NULL,
    bytes INTEGER NOT NULL,           -- what came to each figure; below zero, what went
    http INTEGER NOT NULL,
    https INTEGER NOT NULL,
    quic INTEGER NOT NULL,
    other INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    hit_bytes INTEGER NOT NULL,
    client_errors INTEGER NOT NULL,
    server_errors INTEGER NOT NULL,
    PRIMARY KEY (window, series, generation)
) STRICT, WITHOUT ROWID;

-- An export that was asked for, with all that it meant then.
CREATE TABLE task (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT,
    status TEXT NOT NULL CHECK (status IN ('created', 'success', 'failed')),
    reason TEXT,                      -- why it failed, what became of its workbook, or who makes it
    start_time INTEGER NOT NULL,      -- unix seconds, as asked
    end_time INTEGER NOT NULL,
    first_window INTEGER NOT NULL,    -- the windows exported: first, and the one behind the last
    end_window INTEGER NOT NULL,
    account TEXT NOT NULL,            -- the account's domains, with spaces between; * are all, *.a.com those below a.com
    wanted TEXT NOT NULL,             -- the domains asked for, likewise
    language TEXT NOT NULL,
    region TEXT NOT NULL,             -- of domains without usage; empty where the logs do not say
    output BLOB NOT NULL,             -- absolute path of the workbook
    size INTEGER,                     -- the workbook that it made: bytes, and when it was changed, in nanoseconds
    modified INTEGER,                 -- since 1970; NULL while there is none
    claimed INTEGER NOT NULL DEFAULT 0,   -- 1 while a run has not ended that may take the place of what stands there
    plan TEXT,                        -- the task of a configuration that it was made for
    created INTEGER NOT NULL,         -- unix seconds
    updated INTEGER NOT NULL,
    generation INTEGER                -- changes behind it are not in the workbook; NULL before the first run
) STRICT;
CREATE INDEX task_output ON task (output);

-- The parameters of a task's request, as they were given.
CREATE TABLE parameter (
    task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (task, name)
) STRICT, WITHOUT ROWID;

-- Five-minute usage, for any reader.
CREATE VIEW usage AS
    SELECT series.domain AS domain,
           series.region AS region,
           strftime('%Y-%m-%dT%H:%M:%SZ', cell.window * 300, 'unixepoch') AS time,
           cell.window * 300 AS unix_time,
           sum(cell.bytes) AS bytes,
           round(sum(cell.bytes) * 8.0 / 300, 2) AS bandwidth_bps,
           sum(cell.http + cell.https + cell.quic + cell.other) AS requests,
           sum(cell.http) AS http_requests,
           sum(cell.https) AS https_requests,
           sum(cell.quic) AS quic_requests,
           sum(cell.other) AS other_requests,
           sum(cell.hits) AS hits,
           sum(cell.hit_bytes) AS hit_bytes,
           sum(cell.client_errors) AS client_errors,
           sum(cell.server_errors) AS server_errors
    FROM cell JOIN series ON series.id = cell.series
    GROUP BY cell.series, cell.window;
", "
-- What must be there before a task's workbook is made: NULL where hours may be missing; else the domains, with spaces
-- between, for which no log is sent of an hour without a request.
ALTER TABLE task ADD COLUMN quiet TEXT;

-- Hours of the range, and pairs of domain and hour, as many as had a log when the workbook was made and as many as
-- there are; NULL where that was not put down.
ALTER TABLE task ADD COLUMN hours_with_log INTEGER;
ALTER TABLE task ADD COLUMN hours INTEGER;
ALTER TABLE task ADD COLUMN domain_hours_with_log INTEGER;
ALTER TABLE task ADD COLUMN domain_hours INTEGER;

-- How many hours with a log each domain had when a task's workbook was made, where all of them must be there.
CREATE TABLE task_hours (
    task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
    domain TEXT NOT NULL,
    hours INTEGER NOT NULL,
    PRIMARY KEY (task, domain)
) STRICT, WITHOUT ROWID;

-- Whether files without a line deliver their hours: 1 when the configuration says so.
ALTER TABLE state ADD COLUMN empty_is_delivered INTEGER NOT NULL DEFAULT 0;

-- The last ticks of flowbook run, as their JSON line told them.
CREATE TABLE tick (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,            -- unix seconds of its beginning
    exit_code INTEGER NOT NULL,
    line TEXT NOT NULL
) STRICT;

-- Accounts with tasks and sources here. A store has the one of number 1, without a name, as long as nobody adds another.
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE         -- what its owner calls it
) STRICT;
INSERT INTO account VALUES (1, '');
-- Whose a task is. Not declared as a reference, which cannot be added with a value for the rows that are there.
ALTER TABLE task ADD COLUMN account_id INTEGER NOT NULL DEFAULT 1;
-- Whose logs a source came with first. A text counts once in a store, whoever has it; who may see its usage is told by
-- the domains of an account.
ALTER TABLE source ADD COLUMN account_id INTEGER NOT NULL DEFAULT 1;
-- Lines that hold no request by the rules of their format, like comments and headers:
-- lines = accepted + unplaced + blank + skipped + the rejects of the source.
ALTER TABLE source ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;

-- Sums over all sources, kept by whatever changes one.
CREATE TABLE total (
    sources INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    unplaced INTEGER NOT NULL,
    blank INTEGER NOT NULL,
    skipped INTEGER NOT NULL
) STRICT;
INSERT INTO total SELECT count(*), coalesce(sum(lines), 0), coalesce(sum(accepted), 0), coalesce(sum(unplaced), 0),
    coalesce(sum(blank), 0), 0 FROM source;
CREATE TABLE total_reject (reason TEXT PRIMARY KEY, lines INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO total_reject SELECT reason, sum(lines) FROM reject GROUP BY reason;

-- Windows with usage of any domain, and all of their requests.
CREATE TABLE slice (
    window INTEGER PRIMARY KEY,       -- unix seconds / 300
    time TEXT NOT NULL UNIQUE,        -- its start
    unix_time INTEGER NOT NULL UNIQUE,
    requests INTEGER NOT NULL
) STRICT;
INSERT INTO slice
    SELECT window, strftime('%Y-%m-%dT%H:%M:%SZ', window * 300, 'unixepoch'), window * 300,
           sum(http + https + quic + other)
    FROM cell GROUP BY window;

-- Windows before this one were let go, and what comes of them later is not kept; of each source, how many lines that are.
ALTER TABLE state ADD COLUMN kept_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN let_go INTEGER NOT NULL DEFAULT 0;

-- What finds sources by their names, by their faults, and by what they say of a series.
CREATE INDEX source_named ON source (named_domain, named_end, named_start, arrived, lines, fault, blank, skipped)
    WHERE named_domain IS NOT NULL;
CREATE INDEX source_unnamed ON source (accepted + unplaced) WHERE named_domain IS NULL;
CREATE INDEX source_fault ON source (named_domain) WHERE fault IS NOT NULL;
CREATE INDEX part_span ON part (series, last_window, first_window, bytes, requests);

-- Places in the order of paths, in which they are looked up.
CREATE TABLE ordered_place (
    path BLOB PRIMARY KEY,            -- absolute
    source INTEGER NOT NULL REFERENCES source,
    name TEXT NOT NULL,               -- as it was given
    sort BLOB NOT NULL,
    size INTEGER,
    modified INTEGER,                 -- nanoseconds since 1970
    is_named INTEGER NOT NULL         -- 1 when the name tells domain and hours
) STRICT, WITHOUT ROWID;
INSERT INTO ordered_place SELECT * FROM place ORDER BY path;
DROP TABLE place;
ALTER TABLE ordered_place RENAME TO place;
CREATE INDEX place_source ON place (source);

-- The same columns as ever, by indexes from domain and time to usage.
DROP VIEW usage;
CREATE VIEW usage AS
    SELECT series.domain AS domain,
           series.region AS region,
           slice.time AS time,
           slice.unix_time AS unix_time,
           sum(cell.bytes) AS bytes,
           round(sum(cell.bytes) * 8.0 / 300, 2) AS bandwidth_bps,
           sum(cell.http + cell.https + cell.quic + cell.other) AS requests,
           sum(cell.http) AS http_requests,
           sum(cell.https) AS https_requests,
           sum(cell.quic) AS quic_requests,
           sum(cell.other) AS other_requests,
           sum(cell.hits) AS hits,
           sum(cell.hit_bytes) AS hit_bytes,
           sum(cell.client_errors) AS client_errors,
           sum(cell.server_errors) AS server_errors
    FROM series JOIN slice JOIN cell ON cell.series = series.id AND cell.window = slice.window
    GROUP BY series.domain, series.region, slice.time, slice.unix_time;

-- What the planner of queries takes for granted, whatever a store holds: rows, and how many share the first columns of a
-- key. So a range of times leads to its slices, and these to their cells.
ANALYZE slice;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 VALUES ('cell', 'cell', '10000000 10000 2 1'), ('slice', NULL, '10000'),
    ('series', NULL, '100');

-- Hashes of some of a source's lines, by which it is seen whether these stand in others, too; NULL where it was read
-- by an older version.
ALTER TABLE source ADD COLUMN sketch BLOB;
-- Newlines and other blanks between and behind its compressed streams, in bytes.
ALTER TABLE source ADD COLUMN padding INTEGER NOT NULL DEFAULT 0;
-- The hash of a text before the line end that its last line lacks; NULL where it has one.
ALTER TABLE source ADD COLUMN open BLOB;
-- Eight bytes of the hash of its first 64 bytes, by which texts that it begins are found; NULL of shorter ones.
ALTER TABLE source ADD COLUMN first INTEGER;
CREATE INDEX source_first ON source (first);
-- is_named is now a rank, from 1: the shorter the domain, the greater, so that the name of a copy takes no line from the
-- domain itself; 1 is that of a word without a dot.
UPDATE place SET is_named = iif(instr(named_domain, '.'), 254 - length(named_domain), 1) FROM source
    WHERE source.id = place.source AND source.sort = place.sort AND place.is_named = 1 AND named_domain IS NOT NULL;
-- 1 where only the beginning of the source's text stands.
ALTER TABLE place ADD COLUMN is_beginning INTEGER NOT NULL DEFAULT 0;
-- The hash of the text, and behind it, backwards, the domain that its lines took from outside, which `whole` is the hash of,
-- too; NULL where none did.
ALTER TABLE source ADD COLUMN text BLOB;
CREATE INDEX source_text ON source (text) WHERE text IS NOT NULL;
-- Of very many texts that begin alike only those are looked at that may be shorter or longer than another one.
DROP INDEX source_head;
CREATE INDEX source_head ON source (head, text_bytes, fault);
-- The hash of the workbook that a task made, and of one that is about to get its name: what stands there after a run was
-- broken off is the task's own when it has either. NULL where that was not put down.
ALTER TABLE task ADD COLUMN digest BLOB;
ALTER TABLE task ADD COLUMN sealed BLOB;
-- What tells the description by which a source was read from others of the same format; NULL where its format needs none.
ALTER TABLE source ADD COLUMN described INTEGER;
CREATE INDEX source_described ON source (format, described) WHERE described IS NOT NULL;
"];
