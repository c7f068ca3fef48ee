// Owns 32-bit hashes in the letters that Kubernetes puts into names. Pure.

/** Letters that make no words, as in names that the server generates. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const prime = 0x01000193;
const offset = 0x811c9dc5;

/** FNV-1 of bytes, 32 bits. */
export function fnv1(bytes: Uint8Array): number {
  let hash = offset;
  for (const byte of bytes) hash = (Math.imul(hash, prime) ^ byte) >>> 0;
  return hash;
}

/** FNV-1a of bytes, 32 bits. */
export function fnv1a(bytes: Uint8Array): number {
  let hash = offset;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, prime) >>> 0;
  return hash;
}

/** The decimal digits of a number, each spelled in the safe letters. */
export function safeLetters(number: number): string {
  return Array.from(String(number), (digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('');
}
