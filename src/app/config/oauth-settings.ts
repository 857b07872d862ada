/** `[login.oauth]`: who is asked what a bearer token is worth. */

import { introspectionUrl, optional, text } from "./kinds.ts";
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
  doc: "Logging in with a token of an OAuth 2.0 server (OAUTHBEARER, XOAUTH2), which is asked about each token (RFC 7662).",
  members: {
    introspectionUrl: setting<string | undefined>({
      schema: optional(introspectionUrl),
      default: undefined,
      type: "https address; http on this machine only",
      defaultText: "none: no tokens",
      doc: "The server's introspection endpoint.",
      example: '"https://login.example.org/oauth/introspect"',
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
      doc: "The member of the answer that names the account.",
      example: '"email"',
    }),
  },
};
