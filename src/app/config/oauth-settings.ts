/** `[login.oauth]`: who decides what a bearer token is worth. */

import { duration, introspectionUrl, keySetPlace, optional, text } from "./kinds.ts";
import { setting } from "./make-setting.ts";
import type { Group } from "./setting.ts";
import type { OauthSettings } from "./settings-shape.ts";

const OPTIONAL_TEXT = {
  schema: optional(text),
  default: undefined,
  type: "text",
  defaultText: "none",
} as const;

export const OAUTH: Group<OauthSettings> = {
  kind: "group",
  doc: "Logging in with a token of an OAuth 2.0 server (OAUTHBEARER, XOAUTH2): either it is asked about each token (RFC 7662), or its signed tokens (JWT) are checked with its published keys, or both, each token in its way.",
  members: {
    introspectionUrl: setting<string | undefined>({
      schema: optional(introspectionUrl),
      default: undefined,
      type: "https address; http on this machine only",
      defaultText: "none: no tokens",
      doc: "The server's introspection endpoint.",
      example: '"https://login.example.org/oauth/introspect"',
    }),
    keySet: setting<string | undefined>({
      schema: optional(keySetPlace),
      default: undefined,
      type: "https address (http on this machine only), or path of a file",
      defaultText: "none: signed tokens are opaque to us",
      doc: "The server's JWK Set. Changed keys are noticed within a quarter of an hour, new ones at once. A signed token opens the account until it expires, so the server should give it a short life.",
      example: '"https://login.example.org/.well-known/jwks.json"',
    }),
    issuer: setting({
      ...OPTIONAL_TEXT,
      doc: "Who must have issued a signed token (`iss`). Needed with keySet.",
      example: '"https://login.example.org/"',
    }),
    audience: setting({
      ...OPTIONAL_TEXT,
      doc: "For whom a signed token must be (`aud`). Needed with keySet: a token for another service must not read mail.",
      example: '"posthorn"',
    }),
    clockLeeway: setting({
      schema: duration,
      default: 60_000,
      type: "time",
      defaultText: '"1m"',
      doc: "By how much the server's clock and ours may differ when a signed token begins or expires.",
      example: '"1m"',
    }),
    clientId: setting({ ...OPTIONAL_TEXT, doc: "Our name there.", example: '"posthorn"' }),
    clientSecret: setting({
      ...OPTIONAL_TEXT,
      doc: "And our password. The file should then be readable by its owner alone.",
      example: '"correct horse"',
    }),
    scope: setting({
      ...OPTIONAL_TEXT,
      doc: "A scope that a token must have.",
      example: '"mail"',
    }),
    nameMember: setting({
      schema: text,
      default: "username",
      type: "text",
      doc: "The member of the answer or the signed token that names the account.",
      example: '"email"',
    }),
  },
};
