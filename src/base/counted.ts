/** `1 message`, `2 messages`: a count as a sentence says it; a text stands for a count nobody knows. */
export function counted(count: number | string, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
