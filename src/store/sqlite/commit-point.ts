/** Named points of a commit at which a test may stop the process or fail the disk. */
export type CommitPoint =
  | "before-append"
  | "octets-appended"
  | "octets-synced"
  | "rows-written"
  | "committed"
  | "segment-synced"
  | "segment-sealing"
  | "redo-dropped"
  | "compaction-copied"
  | "compaction-committed";
