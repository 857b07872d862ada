/** What the table of settings is made of: one row for each setting, groups (`[name]`) and repeated groups (`[[name]]`). */

import type { GenericSchema } from "valibot";

export type Setting<T> = {
  readonly kind: "setting";
  /** Checks and converts what the file says. Its messages complete "NAME …": "must be …". */
  readonly schema: GenericSchema<unknown, T>;
  readonly default: T;
  /** Must be in the file; `default` is then never used. */
  readonly isRequired?: boolean;
  /** In words, for the documentation. */
  readonly type: string;
  /** The default as one would write it, where that is not plain from `default`. */
  readonly defaultText?: string;
  readonly doc: string;
  /** As it stands in a file. */
  readonly example?: string;
  readonly since: string;
  /** A change is seen at SIGHUP, or needs a restart. */
  readonly effect: "reload" | "restart";
};

export type Group<T> = {
  readonly kind: "group";
  readonly doc: string;
  readonly members: Table<T>;
};

export type RepeatedGroup<T> = {
  readonly kind: "repeated";
  readonly doc: string;
  /** Whole entries as they stand in a file, where all members at once would make no sense. */
  readonly example?: string;
  readonly members: Table<T>;
};

export type Row<V> =
  | Setting<V>
  | (V extends readonly (infer M)[] ? RepeatedGroup<M> : V extends object ? Group<V> : never);

/** A row for every member of T: the compiler sees to it that none is forgotten. */
export type Table<T> = { readonly [K in keyof T]-?: Row<T[K]> };

/** A row whose type is not known where it is walked over. */
export type AnyRow = Setting<unknown> | AnyGroup;
export type AnyGroup = {
  readonly kind: "group" | "repeated";
  readonly doc: string;
  readonly example?: string;
  readonly members: AnyTable;
};
export type AnyTable = { readonly [name: string]: AnyRow };
