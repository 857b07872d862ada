/** One label in ASCII (RFC 3492 §6.3): only to show what a name really is; DNS look-ups have their own, checked conversion. */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;

/** Longer ones are no labels (63 octets in the end), and the encoding's cost grows with their square. */
const MAX_CHARACTERS = 100;

/** `xn--…`, or the label itself if it is ASCII. */
export function punycodeLabel(label: string): string {
  const points = Array.from(label.toLowerCase(), (character) => character.codePointAt(0) ?? 0);
  if (points.length > MAX_CHARACTERS) return "xn--…";
  const basic = points.filter((point) => point < 128);
  if (basic.length === points.length) return label;
  let output = String.fromCharCode(...basic) + (basic.length > 0 ? "-" : "");
  let code = 128;
  let delta = 0;
  let bias = 72;
  let handled = basic.length;
  while (handled < points.length) {
    let next = Number.MAX_SAFE_INTEGER;
    for (const point of points) if (point >= code && point < next) next = point;
    delta += (next - code) * (handled + 1);
    code = next;
    for (const point of points) {
      if (point < code) delta++;
      if (point !== code) continue;
      output += encodeDelta(delta, bias);
      bias = adapt(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled++;
    }
    delta++;
    code++;
  }
  return `xn--${output}`;
}

function encodeDelta(delta: number, bias: number): string {
  let output = "";
  let rest = delta;
  for (let k = BASE; ; k += BASE) {
    const threshold = k <= bias ? T_MIN : Math.min(k - bias, T_MAX);
    if (rest < threshold) return output + digit(rest);
    output += digit(threshold + ((rest - threshold) % (BASE - threshold)));
    rest = Math.floor((rest - threshold) / (BASE - threshold));
  }
}

function digit(value: number): string {
  return String.fromCharCode(value < 26 ? value + 97 : value + 22);
}

/** RFC 3492 §6.1 */
function adapt(delta: number, count: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? 700 : 2));
  rest += Math.floor(rest / count);
  let k = 0;
  for (; rest > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + 38));
}
