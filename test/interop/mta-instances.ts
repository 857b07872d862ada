/**
 * Postfix, Exim and OpenSMTPD as other people's mail hosts: each in a folder of its own on loopback
 * ports, with TLS where they can. Mail for its own domain it sends on to Bert at our host, so that one message shows
 * it as server and as client. What its sister addresses do is in each configuration.
 */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { untilListening, writePostfixConfig } from "../../bench/peers/postfix-instance.ts";
import type { CertificatePem } from "../../src/net/server-tls.ts";
import { findProgram } from "./peers.ts";

export type OurPorts = {
  readonly smtp: number;
  readonly submission: number;
  readonly lmtp: number;
};

export type MtaPlan = {
  readonly folder: string;
  readonly port: number;
  readonly ours: OurPorts;
  readonly login: { readonly user: string; readonly password: string };
  readonly certificate: CertificatePem;
};

export type Mta = {
  readonly log: () => string;
  stop(): Promise<void>;
};

/**
 * `bert@posthorn.test` by SMTP with TLS, `bert+auth@` by submission with a login, `bert+lmtp@` and
 * `nobody@` by LMTP.
 */
export async function startPostfix(plan: MtaPlan): Promise<Mta> {
  const { folder, port, ours, login } = plan;
  const pem = writePem(plan);
  const config = writePostfixConfig(folder, port, "unused.test", "discard:");
  writeFileSync(
    join(folder, "transport"),
    [
      `bert+auth@posthorn.test smtpauth:[127.0.0.1]:${ours.submission}`,
      `bert+lmtp@posthorn.test lmtp:inet:127.0.0.1:${ours.lmtp}`,
      `nobody@posthorn.test lmtp:inet:127.0.0.1:${ours.lmtp}`,
      `posthorn.test smtp:[127.0.0.1]:${ours.smtp}`,
      "",
    ].join("\n"),
  );
  writeFileSync(
    join(config, "main.cf"),
    `${readFileSync(join(config, "main.cf"), "utf8").replace("bench.invalid", "mx.postfix.test")}
virtual_alias_domains = postfix.test
virtual_alias_maps = inline:{ { bert@postfix.test = bert@posthorn.test } }
transport_maps = texthash:${folder}/transport
smtpd_tls_chain_files = ${pem.both}
smtpd_tls_security_level = encrypt
smtp_tls_security_level = encrypt
lmtp_tls_security_level = may
smtp_sasl_security_options = noanonymous
smtp_sasl_mechanism_filter = plain, login
smtp_sasl_password_maps = static:${login.user}:${login.password}
lmtp_destination_recipient_limit = 50
`,
  );
  const master = readFileSync(join(config, "master.cf"), "utf8");
  writeFileSync(
    join(config, "master.cf"),
    `${master}smtpauth unix - - n - - smtp -o smtp_sasl_auth_enable=yes\n`,
  );
  execFileSync("postfix", ["-c", config, "start"], { stdio: "pipe" });
  await untilListening(port);
  return {
    log: () => readFileSync(join(folder, "postfix.log"), "utf8"),
    stop: async () => void execFileSync("postfix", ["-c", config, "stop"], { stdio: "pipe" }),
  };
}

export async function startExim(plan: MtaPlan): Promise<Mta> {
  const { folder, port, ours, login } = plan;
  const program = findProgram("exim4") ?? "exim4";
  const pem = writePem(plan);
  const [spool, logs] = [join(folder, "spool"), join(folder, "log")];
  for (const needed of [spool, logs]) mkdirSync(needed);
  execFileSync("chown", ["-R", "Debian-exim", spool, logs, pem.certificate, pem.key]);
  const config = join(folder, "exim.conf");
  writeFileSync(
    config,
    `
primary_hostname = mx.exim.test
exim_path = ${program}
exim_user = Debian-exim
exim_group = nogroup
never_users =
spool_directory = ${spool}
log_file_path = ${logs}/%slog
pid_file_path = ${folder}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
tls_advertise_hosts = *
tls_certificate = ${pem.certificate}
tls_privatekey = ${pem.key}
dsn_advertise_hosts = *
acl_smtp_rcpt = take
acl_smtp_data = take
host_lookup =
rfc1413_hosts =
keep_environment =
add_environment =
trusted_users =
begin acl
take:
  accept
begin routers
own:
  driver = redirect
  domains = exim.test
  data = \${local_part}@posthorn.test
auth:
  driver = manualroute
  condition = \${if eq{$local_part}{bert+auth}}
  route_list = posthorn.test 127.0.0.1::${ours.submission}
  self = send
  transport = authenticated
out:
  driver = manualroute
  route_list = posthorn.test 127.0.0.1::${ours.smtp}
  self = send
  transport = secured
begin transports
secured:
  driver = smtp
  allow_localhost
  hosts_require_tls = *
  tls_verify_hosts =
  tls_try_verify_hosts =
authenticated:
  driver = smtp
  allow_localhost
  hosts_require_tls = *
  hosts_require_auth = *
  tls_verify_hosts =
  tls_try_verify_hosts =
begin retry
* * F,1h,1s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^${login.user}^${login.password}
`,
  );
  const child = spawn(program, ["-C", config, "-bdf"], { stdio: "ignore" });
  await untilListening(port);
  const read = (name: string): string => {
    try {
      return readFileSync(join(logs, name), "utf8");
    } catch {
      return "";
    }
  };
  return { log: () => read("mainlog") + read("paniclog"), stop: () => ended(child) };
}

/** As a server in the clear: Debian's build can't sign with a key of its own under OpenSSL 3. */
export async function startOpenSmtpd(plan: MtaPlan): Promise<Mta> {
  const { folder, port, ours, login } = plan;
  chmodSync(folder, 0o755);
  const config = join(folder, "smtpd.conf");
  writeFileSync(
    config,
    `
table secrets { us = "${login.user}:${login.password}" }
table back { "bert+auth" = "bert+auth@posthorn.test", "@" = "bert@posthorn.test" }
listen on 127.0.0.1 port ${port} hostname mx.opensmtpd.test
action "own" expand-only virtual <back>
action "auth" relay host "smtp+tls://us@127.0.0.1:${ours.submission}" auth <secrets> tls no-verify
action "out" relay host "smtp+tls://127.0.0.1:${ours.smtp}" tls no-verify
match from any for domain "opensmtpd.test" action "own"
match from any for rcpt-to "bert+auth@posthorn.test" action "auth"
match from any for domain "posthorn.test" action "out"
`,
  );
  chmodSync(config, 0o600);
  const child = spawn(findProgram("smtpd") ?? "smtpd", ["-d", "-f", config], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  await untilListening(port).catch((error: unknown) => {
    throw new Error(`smtpd: ${output}`, { cause: error });
  });
  return { log: () => output, stop: () => ended(child) };
}

function writePem({
  folder,
  certificate,
}: MtaPlan): Record<"certificate" | "key" | "both", string> {
  chmodSync(folder, 0o755);
  const files = {
    certificate: join(folder, "certificate.pem"),
    key: join(folder, "key.pem"),
    both: join(folder, "both.pem"),
  };
  writeFileSync(files.certificate, certificate.certificate);
  writeFileSync(files.key, certificate.key, { mode: 0o600 });
  writeFileSync(files.both, certificate.key + certificate.certificate, { mode: 0o600 });
  return files;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
