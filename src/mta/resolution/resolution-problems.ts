/** What is wrong with an address on its way, in codes and in words for its sender. */

import { parseAddress } from "../../message/addr-spec.ts";
import type { Relocation } from "../maps/address-maps.ts";
import type { ResolutionProblem } from "./resolution.ts";

type Problem = Omit<ResolutionProblem, "address">;

export function unknownAddress(name: string): Problem {
  const text = `There is no mailbox ${name} here.`;
  return { code: 550, status: "5.1.1", text, isFatal: false };
}

/** RFC 5321 §3.4: 551 names one address to write to instead. */
export function moved(name: string, { text }: Relocation): Problem {
  const code = parseAddress(text).ok ? 551 : 550;
  return { code, status: "5.1.6", text: `${name} has moved to ${text}`, isFatal: false };
}

export function tooDeep(name: string, levels: number): Problem {
  const text = `${name} leads through more than ${levels} aliases.`;
  return { code: 554, status: "5.4.6", text, isFatal: true };
}

export function leadsBack(name: string): Problem {
  const text = `The alias ${name} leads back to itself.`;
  return { code: 554, status: "5.4.6", text, isFatal: false };
}

export function nobodyYet(name: string): Problem {
  const text = `There is no account yet that could read mail for ${name}.`;
  return { code: 451, status: "4.3.5", text, isFatal: false };
}

export function badTarget(target: string): Problem {
  const text = `"${target}", to which the address leads, is not an address.`;
  return { code: 550, status: "5.1.3", text, isFatal: false };
}

export function refusedTarget(name: string, problem: string): Problem {
  return { code: 550, status: "5.7.1", text: `${name}: ${problem}`, isFatal: false };
}

export function notForwarded(name: string, why: string): Problem {
  const text = `No mail was forwarded under the name ${name}: ${why}.`;
  return { code: 550, status: "5.1.1", text, isFatal: false };
}
