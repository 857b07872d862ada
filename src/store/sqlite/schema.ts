/**
 * The tables, as steps from one schema version to the next. A step, once released, is never
 * changed: an older data folder is brought up to date by the steps it has not seen.
 *
 * Times are milliseconds since 1970. Addresses are in key form (`addressKey`).
 */

export type SchemaStep = { readonly version: number; readonly sql: string };

const STORAGE = `
  -- Single values: server_secret, directory_version, next_message_id.
  CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

  -- A process that has the store open for writing. Ids are never used twice: files are named by them.
  CREATE TABLE writer (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL
  ) STRICT;

  -- A file of octets. length_octets is what has been committed; what lies beyond was never promised.
  CREATE TABLE segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file TEXT NOT NULL UNIQUE,
    writer_id INTEGER,
    length_octets INTEGER NOT NULL,
    live_octets INTEGER NOT NULL
  ) STRICT;

  -- Octets of one message. refs counts mailbox entries and queue envelopes.
  CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    segment_id INTEGER NOT NULL,
    start INTEGER NOT NULL,
    size_octets INTEGER NOT NULL,
    header_octets INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    refs INTEGER NOT NULL
  ) STRICT;

  -- What IMAP shows of a message, ready to send.
  CREATE TABLE message_view (
    message_id INTEGER PRIMARY KEY,
    envelope BLOB NOT NULL,
    body_structure BLOB NOT NULL,
    structure BLOB NOT NULL
  ) STRICT;
`;

const DIRECTORY = `
  CREATE TABLE domain (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    catch_all TEXT,
    created_at_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    domain_id INTEGER NOT NULL,
    address TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    quota_octets INTEGER,
    is_enabled INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    password_hash TEXT NOT NULL,
    scram_salt BLOB NOT NULL,
    scram_iterations INTEGER NOT NULL,
    sha1_stored_key BLOB NOT NULL,
    sha1_server_key BLOB NOT NULL,
    sha256_stored_key BLOB NOT NULL,
    sha256_server_key BLOB NOT NULL
  ) STRICT;
  CREATE INDEX account_by_domain ON account (domain_id);

  -- What every change of an account's mail touches, apart from what rarely changes.
  CREATE TABLE account_state (
    account_id INTEGER PRIMARY KEY,
    mod_seq INTEGER NOT NULL,
    last_uid_validity INTEGER NOT NULL,
    used_octets INTEGER NOT NULL,
    used_messages INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE token (
    sha256 BLOB PRIMARY KEY,
    account_id INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX token_by_account ON token (account_id);
  CREATE INDEX token_by_expiry ON token (expires_at_ms);

  CREATE TABLE alias (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    domain_id INTEGER NOT NULL,
    address TEXT NOT NULL UNIQUE,
    targets TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alias_by_domain ON alias (domain_id);

  CREATE TABLE list (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    domain_id INTEGER NOT NULL,
    address TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    owner TEXT NOT NULL,
    members TEXT NOT NULL,
    posting TEXT NOT NULL
  ) STRICT;
  CREATE INDEX list_by_domain ON list (domain_id);
`;

const MAIL = `
  CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    special_use TEXT,
    uid_validity INTEGER NOT NULL,
    uid_next INTEGER NOT NULL,
    first_recent_uid INTEGER NOT NULL,
    highest_mod_seq INTEGER NOT NULL,
    vanished_horizon INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    unseen INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    size_octets INTEGER NOT NULL,
    keywords TEXT NOT NULL,
    UNIQUE (account_id, name)
  ) STRICT;

  -- UIDVALIDITY of names that were deleted or renamed away, so that no name ever shows an old pair again.
  CREATE TABLE retired_name (
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    PRIMARY KEY (account_id, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE subscription (
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (account_id, name)
  ) STRICT, WITHOUT ROWID;

  -- A message in a mailbox. size_octets includes the prefix.
  CREATE TABLE entry (
    mailbox_id INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    flags_high INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    internal_date_ms INTEGER NOT NULL,
    saved_date_ms INTEGER NOT NULL,
    size_octets INTEGER NOT NULL,
    prefix BLOB,
    PRIMARY KEY (mailbox_id, uid)
  ) STRICT, WITHOUT ROWID;

  -- The change feed. uids are runs, first and last, 32 bits each, little-endian.
  -- Its rows of kind 3 (expunged) are the tombstones of QRESYNC.
  CREATE TABLE feed (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    mailbox_id INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    uids BLOB
  ) STRICT;
  CREATE INDEX feed_of_expunged ON feed (mailbox_id, mod_seq) WHERE kind = 3;

  CREATE TABLE maildrop_lock (
    account_id INTEGER PRIMARY KEY,
    holder TEXT NOT NULL,
    until_ms INTEGER NOT NULL
  ) STRICT;
`;

const QUEUE = `
  CREATE TABLE envelope (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue_id TEXT NOT NULL UNIQUE,
    message_id INTEGER NOT NULL,
    reverse_path TEXT NOT NULL,
    envid TEXT,
    ret TEXT,
    smtp_utf8 INTEGER NOT NULL,
    body TEXT NOT NULL,
    prefix BLOB NOT NULL,
    arrived_at_ms INTEGER NOT NULL,
    submitted_by TEXT,
    size_octets INTEGER NOT NULL,
    recipients INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX envelope_by_sender ON envelope (reverse_path);

  -- state: 0 due, 1 leased, 2 held. A leased row's next_attempt_ms is the end of its lease.
  -- A negative one says that an operator asked for the attempt, and when.
  CREATE TABLE recipient (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    envelope_id INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    domain TEXT NOT NULL,
    original_recipient TEXT,
    notify TEXT,
    transport TEXT NOT NULL,
    destination TEXT NOT NULL,
    state INTEGER NOT NULL,
    held_because TEXT,
    attempts INTEGER NOT NULL,
    next_attempt_ms INTEGER NOT NULL,
    last_attempt_ms INTEGER,
    last_problem TEXT,
    last_status TEXT,
    is_delay_reported INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX recipient_by_state ON recipient (state, next_attempt_ms);
  CREATE INDEX recipient_by_destination ON recipient (state, destination, next_attempt_ms);
  CREATE INDEX recipient_by_envelope ON recipient (envelope_id);
  CREATE INDEX recipient_by_address ON recipient (recipient);
  CREATE INDEX recipient_by_domain ON recipient (domain);

  CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    recipient_id INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    host TEXT NOT NULL,
    tls TEXT,
    reply TEXT NOT NULL
  ) STRICT;
  CREATE INDEX attempt_by_recipient ON attempt (recipient_id);
`;

/**
 * Who holds a lease, so that it ends with its process; and how often a lease ended without an
 * outcome: a recipient that kills workers again and again is held (security row 29).
 */
const LEASES = `
  ALTER TABLE recipient ADD COLUMN leased_by INTEGER;
  ALTER TABLE recipient ADD COLUMN lapses INTEGER NOT NULL DEFAULT 0;
`;

/** What IMAP shows of a message moves into its row: one row less to write and to delete for each. */
const VIEWS = `
  ALTER TABLE message ADD COLUMN envelope BLOB NOT NULL DEFAULT x'';
  ALTER TABLE message ADD COLUMN body_structure BLOB NOT NULL DEFAULT x'';
  ALTER TABLE message ADD COLUMN structure BLOB NOT NULL DEFAULT x'';
  UPDATE message SET (envelope, body_structure, structure) =
    (SELECT envelope, body_structure, structure FROM message_view WHERE message_id = message.id)
    WHERE EXISTS (SELECT 1 FROM message_view WHERE message_id = message.id);
  DROP TABLE message_view;
`;

/** What the sender asked of the way: TLS (RFC 8689), a time (RFC 2852); and long lines. */
const WISHES = `
  ALTER TABLE envelope ADD COLUMN tls TEXT;
  ALTER TABLE envelope ADD COLUMN by_until_ms INTEGER;
  ALTER TABLE envelope ADD COLUMN by_mode TEXT;
  ALTER TABLE envelope ADD COLUMN by_trace INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE envelope ADD COLUMN long_lines INTEGER NOT NULL DEFAULT 0;
`;

/** A domain whose local parts stand for those of another. */
const DOMAIN_ALIASES = `
  ALTER TABLE domain ADD COLUMN follows TEXT;
  CREATE INDEX domain_by_followed ON domain (follows) WHERE follows IS NOT NULL;
`;

/** Compaction finds the living messages of a segment, in the order of their octets. */
const COMPACTION = `
  CREATE INDEX message_by_segment ON message (segment_id, start);
`;

/** Limits also in messages and for whole domains, whose usage is counted as an account's is. */
const QUOTAS = `
  ALTER TABLE account ADD COLUMN quota_messages INTEGER;
  ALTER TABLE domain ADD COLUMN quota_octets INTEGER;
  ALTER TABLE domain ADD COLUMN quota_messages INTEGER;
  CREATE TABLE domain_state (
    domain_id INTEGER PRIMARY KEY,
    used_octets INTEGER NOT NULL,
    used_messages INTEGER NOT NULL
  ) STRICT;
  INSERT INTO domain_state SELECT domain.id, coalesce(sum(used_octets), 0),
    coalesce(sum(used_messages), 0) FROM domain LEFT JOIN account ON domain_id = domain.id
    LEFT JOIN account_state ON account_id = account.id GROUP BY domain.id;
`;

/**
 * Sort and thread keys, preview and common header lines, apart from the message's row, which COPY and
 * EXPUNGE write again.
 */
const HEADS = `
  CREATE TABLE message_head (
    message_id INTEGER PRIMARY KEY,
    sent_ms INTEGER,
    base_subject TEXT NOT NULL,
    is_reply INTEGER NOT NULL,
    from_mailbox TEXT NOT NULL,
    to_mailbox TEXT NOT NULL,
    cc_mailbox TEXT NOT NULL,
    display_from TEXT NOT NULL,
    display_to TEXT NOT NULL,
    thread_hashes BLOB NOT NULL,
    preview TEXT NOT NULL,
    common_fields BLOB NOT NULL
  ) STRICT;
`;

/** Threads (RFC 8474): thread_of_id knows the ids whose thread is not named after them. */
const THREADS = `
  ALTER TABLE entry ADD COLUMN thread_id INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE thread_of_id (
    account_id INTEGER NOT NULL,
    id_hash INTEGER NOT NULL,
    thread_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, id_hash)
  ) STRICT, WITHOUT ROWID;
`;

/**
 * Fair order. state 0 is now ready (due, in the order of rank), and 3 waits for its time; a wish
 * (1 retry, 2 flush, 3 expire, 4 requeue) is an operator's. Each state has a small index of its own,
 * so that a million recipients that wait cost those that go nothing.
 */
const FAIR_ORDER = `
  ALTER TABLE envelope ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE recipient ADD COLUMN arrived_at_ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE recipient ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE recipient ADD COLUMN wish INTEGER NOT NULL DEFAULT 0;
  DROP INDEX recipient_by_state;
  DROP INDEX recipient_by_destination;
  UPDATE recipient SET arrived_at_ms =
    coalesce((SELECT arrived_at_ms FROM envelope WHERE envelope.id = envelope_id), 0);
  UPDATE recipient SET rank = 90000000000000 + arrived_at_ms,
    wish = CASE WHEN next_attempt_ms < 0 THEN 1 ELSE 0 END,
    state = CASE state WHEN 0 THEN 3 ELSE state END;
  CREATE INDEX recipient_ready ON recipient (destination, rank) WHERE state = 0;
  CREATE INDEX recipient_leased ON recipient (next_attempt_ms) WHERE state = 1;
  CREATE INDEX recipient_held ON recipient (next_attempt_ms) WHERE state = 2;
  CREATE INDEX recipient_waiting ON recipient (next_attempt_ms) WHERE state = 3;
  CREATE INDEX recipient_by_destination ON recipient (destination, arrived_at_ms);
`;

/**
 * Who else may use a mailbox (RFC 4314), and annotations (RFC 5464). An annotation of the server
 * itself has mailbox 0; a shared one has viewer 0, a private one the account that sees it.
 */
const SHARING = `
  CREATE TABLE acl (
    mailbox_id INTEGER NOT NULL,
    identifier TEXT NOT NULL,
    rights TEXT NOT NULL,
    PRIMARY KEY (mailbox_id, identifier)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX acl_by_identifier ON acl (identifier);

  CREATE TABLE annotation (
    mailbox_id INTEGER NOT NULL,
    viewer_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (mailbox_id, viewer_id, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX annotation_by_viewer ON annotation (viewer_id);
`;

/** Whether an account may send to other hosts. */
const ACCOUNT_RELAY = `
  ALTER TABLE account ADD COLUMN may_relay INTEGER NOT NULL DEFAULT 1;
`;

/** Messages may lie packed in their segment; a segment is packed once it has been full for a while. */
const PACKING = `
  ALTER TABLE message ADD COLUMN packed_octets INTEGER;
  ALTER TABLE segment ADD COLUMN is_packed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE segment ADD COLUMN full_since_ms INTEGER;
`;

/**
 * What senders are to hear, from the end of a recipient to the report. Each row holds a reference to
 * the message. about and recipient are JSON: the message as it was, and what came of whom.
 */
const OWED_REPORTS = `
  CREATE TABLE owed_report (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    about TEXT NOT NULL,
    recipient TEXT NOT NULL
  ) STRICT;
  CREATE INDEX owed_report_by_message ON owed_report (queue_id, kind);
  CREATE INDEX owed_report_by_time ON owed_report (due_ms);
  CREATE INDEX owed_report_by_octets ON owed_report (message_id);
`;

/** Annotations know when they changed, also those that are gone. */
const ANNOTATION_NEWS = `
  DROP TABLE annotation;
  CREATE TABLE annotation (
    mailbox_id INTEGER NOT NULL,
    viewer_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value BLOB,
    mod_seq INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, viewer_id, name)
  ) STRICT;
  CREATE INDEX annotation_by_viewer ON annotation (viewer_id);
`;

/** Where a stored message is filed: what labels are made of. */
const HOLDERS = `
  CREATE INDEX entry_by_message ON entry (message_id);
`;

/**
 * The file that holds the columns of a large mailbox as they were at a point of the feed: only what a
 * row here names is ever read. A later step that changes rows of entry must empty this table.
 */
const KEPT_COLUMNS = `
  CREATE TABLE kept_columns (
    mailbox_id INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    feed_id INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    uid_next INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    checksums BLOB NOT NULL
  ) STRICT;
  CREATE INDEX feed_of_flags ON feed (mailbox_id, mod_seq) WHERE kind = 2;
`;

/**
 * Nobody counts any more who holds a message: entries, envelopes and owed reports are asked, each by an
 * index. What a large expunge has let go of waits in released_message until somebody has looked.
 */
const RELEASED = `
  CREATE INDEX envelope_by_message ON envelope (message_id);
  CREATE TABLE released_message (message_id INTEGER PRIMARY KEY) STRICT;
  ALTER TABLE message DROP COLUMN refs;
`;

/** Entries stored before there were threads: there are few, or soon none. */
const UNTHREADED = `
  CREATE INDEX entry_without_thread ON entry (mailbox_id, uid) WHERE thread_id = 0;
`;

const KEPT_SUMS = `
  -- What is kept now says what it adds up to; what was kept before is read from the rows once more.
  DROP TABLE kept_columns;
  CREATE TABLE kept_columns (
    mailbox_id INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    feed_id INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    uid_next INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    unseen INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    size_octets INTEGER NOT NULL,
    first_unseen INTEGER NOT NULL,
    checksums BLOB NOT NULL
  ) STRICT;
`;

/**
 * Octets of commits that did not wait for their segment to be synced. Only segments that are still
 * written to have any; where their writer died they are put back before the segment is sealed.
 */
const REDO = `
  CREATE TABLE redo (
    id INTEGER PRIMARY KEY,
    segment_id INTEGER NOT NULL,
    start INTEGER NOT NULL,
    octets BLOB NOT NULL
  ) STRICT;
`;

export const SCHEMA: readonly SchemaStep[] = [
  { version: 1, sql: STORAGE + DIRECTORY + MAIL + QUEUE },
  { version: 2, sql: LEASES },
  { version: 3, sql: VIEWS },
  { version: 4, sql: WISHES },
  { version: 5, sql: DOMAIN_ALIASES },
  { version: 6, sql: COMPACTION },
  { version: 7, sql: QUOTAS },
  { version: 8, sql: HEADS },
  { version: 9, sql: THREADS },
  { version: 10, sql: FAIR_ORDER },
  { version: 11, sql: SHARING },
  { version: 12, sql: ACCOUNT_RELAY },
  { version: 13, sql: PACKING },
  { version: 14, sql: OWED_REPORTS },
  { version: 15, sql: ANNOTATION_NEWS },
  { version: 16, sql: HOLDERS },
  { version: 17, sql: KEPT_COLUMNS },
  { version: 18, sql: RELEASED },
  { version: 19, sql: UNTHREADED },
  { version: 20, sql: KEPT_SUMS },
  { version: 21, sql: REDO },
];
