/** Logging in without a password: by a client's certificate, and by a token of an OAuth server. */

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { connect } from "node:tls";
import { generate } from "selfsigned";
import { makePosthornFolder } from "./posthorn-process.ts";

type Pem = { readonly cert: string; readonly private: string };

/** A person's certificate, which is its own authority. */
function personal(address: string): Promise<Pem> {
  return generate([{ name: "commonName", value: `Person ${address}` }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true },
      { name: "extKeyUsage", clientAuth: true },
      { name: "subjectAltName", altNames: [{ type: 1 as const, value: address }] },
    ],
  });
}

/** Says lines under TLS, each once the answer to the one before has come; all that was heard. */
function conversation(port: number, lines: readonly string[], pem?: Pem): Promise<string> {
  return new Promise((resolve, reject) => {
    const left = [...lines];
    let heard = "";
    const socket = connect({
      port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      ...(pem !== undefined && { cert: pem.cert, key: pem.private }),
    });
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      heard += text;
      if (!/(^|\n)(\d{3} |\* OK |\w\d |\+)[^\n]*\n$/.test(heard)) return;
      const line = left.shift();
      if (line === undefined) socket.end();
      else socket.write(`${line}\r\n`);
    });
    socket.on("close", () => resolve(heard));
    socket.on("error", reject);
  });
}

suite("logging in without a password", () => {
  test("EXTERNAL: a certificate of a named authority opens the account whose address it has", async (t) => {
    const folder = await makePosthornFolder(t, { config: '[tls]\nclientAnchors = "people.pem"\n' });
    const [anna, nobody, forged] = await Promise.all(
      ["anna@us.test", "nobody@us.test", "anna@us.test"].map(personal),
    );
    writeFileSync(join(folder.path, "people.pem"), anna.cert + nobody.cert);
    await folder.must("domain", "add", "us.test");
    await folder.addAccount("anna@us.test", "secret of anna");
    const server = await folder.start();
    const { submissions, imaps } = server.ports;

    const smtp = ["EHLO a.test", "AUTH EXTERNAL =", "MAIL FROM:<anna@us.test>", "QUIT"];
    assert.match(
      await conversation(submissions, smtp, anna),
      /AUTH [^\r\n]*EXTERNAL[^]*235 [^]*250 2\.1\.0/,
    );
    assert.match(await conversation(submissions, smtp, nobody), /535 [^]*530 /);
    for (const pem of [forged, undefined]) {
      const heard = await conversation(submissions, smtp, pem);
      assert.doesNotMatch(heard, /AUTH [^\r\n]*EXTERNAL|235 /);
      assert.match(heard, /530 /);
    }
    const imap = ["a1 AUTHENTICATE EXTERNAL =", "a2 LOGOUT"];
    assert.match(await conversation(imaps, imap, anna), /a1 OK/);
    assert.match(await conversation(imaps, imap, forged), /a1 NO/);
    await server.stop();
  });

  test("OAUTHBEARER and XOAUTH2: the OAuth server is asked", async (t) => {
    const asked: string[] = [];
    const oauth = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        asked.push(body);
        const active = body.includes("token=good&");
        response.end(JSON.stringify({ active, email: "anna@us.test" }));
      });
    });
    await new Promise<void>((resolve) => void oauth.listen(0, "127.0.0.1", resolve));
    t.after(() => oauth.close().closeAllConnections());
    const { port } = oauth.address() as AddressInfo;
    const folder = await makePosthornFolder(t, {
      config: `[login.oauth]\nintrospectionUrl = "http://127.0.0.1:${port}/"\nnameMember = "email"\n`,
    });
    await folder.must("domain", "add", "us.test");
    await folder.addAccount("anna@us.test", "secret of anna");
    const server = await folder.start();
    const { submissions, imaps } = server.ports;
    const bearer = (token: string): string =>
      `AUTH OAUTHBEARER ${btoa(`n,a=anna@us.test,\u0001auth=Bearer ${token}\u0001\u0001`)}`;
    const mail = "MAIL FROM:<anna@us.test>";
    assert.match(
      await conversation(submissions, ["EHLO a.test", bearer("good"), mail, "QUIT"]),
      /AUTH [^\r\n]*OAUTHBEARER XOAUTH2[^]*235 [^]*250 2\.1\.0/,
    );
    const wrong = await conversation(submissions, [
      "EHLO a.test",
      bearer("bad"),
      "AQ==",
      mail,
      "QUIT",
    ]);
    assert.match(wrong, /334 [^]*535 [^]*530 /);
    const other = `AUTHENTICATE XOAUTH2 ${btoa("user=anna@us.test\u0001auth=Bearer good\u0001\u0001")}`;
    assert.match(await conversation(imaps, [`a1 ${other}`, "a2 LOGOUT"]), /a1 OK/);
    assert.equal(asked.length, 3);
    await server.stop();
    assert.doesNotMatch(server.output(), /Bearer|=good/);
  });

  test("OAUTHBEARER by a signed token: the key set of the configuration decides", async (t) => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const folder = await makePosthornFolder(t, {
      config: `[login.oauth]\nkeySet = "keys.json"\nissuer = "https://login.test/"\naudience = "posthorn"\nnameMember = "sub"\n`,
    });
    const keys = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "one" }] };
    writeFileSync(join(folder.path, "keys.json"), JSON.stringify(keys));
    await folder.must("domain", "add", "us.test");
    await folder.addAccount("anna@us.test", "secret of anna");
    const server = await folder.start();
    const token = (aud: string): string => {
      const exp = Math.floor(Date.now() / 1000) + 600;
      const claims = { iss: "https://login.test/", aud, sub: "anna@us.test", exp };
      const part = (value: object): string =>
        Buffer.from(JSON.stringify(value)).toString("base64url");
      const signed = `${part({ alg: "EdDSA", kid: "one" })}.${part(claims)}`;
      return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString("base64url")}`;
    };
    const bearer = (aud: string): string =>
      `AUTH OAUTHBEARER ${btoa(`n,a=anna@us.test,\u0001auth=Bearer ${token(aud)}\u0001\u0001`)}`;
    const { submissions } = server.ports;
    const mail = "MAIL FROM:<anna@us.test>";
    const right = ["EHLO a.test", bearer("posthorn"), mail, "QUIT"];
    assert.match(await conversation(submissions, right), /235 [^]*250 2\.1\.0/);
    const wrong = ["EHLO a.test", bearer("calendar"), "AQ==", mail, "QUIT"];
    assert.match(await conversation(submissions, wrong), /334 [^]*535 [^]*530 /);
    await server.stop();
  });
});
