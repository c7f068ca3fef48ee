// Owns reading who a PKCS #10 certificate request is for. It refuses to check signatures or read anything else of it.

/** The subject of a request, as far as rules look at it. */
export interface RequestSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

interface Element {
  readonly tag: number;
  readonly body: Buffer;
  readonly rest: Buffer;
}

const sequence = 0x30;
const commonNameId = '550403';
const organizationId = '55040a';
const wideString = 0x1e;
const pemShape = /-----BEGIN CERTIFICATE REQUEST-----([^-]*)-----END CERTIFICATE REQUEST-----/;

/** The subject of a request in PEM; undefined for what is none. */
export function requestSubject(pem: string): RequestSubject | undefined {
  const [, base64] = pemShape.exec(pem) ?? [];
  if (base64 === undefined) return undefined;
  try {
    const request = element(Buffer.from(base64, 'base64'), sequence);
    const info = element(request.body, sequence);
    const version = element(info.body);
    return subjectOf(element(version.rest, sequence).body);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function subjectOf(names: Buffer): RequestSubject {
  let commonName = '';
  const organizations: string[] = [];
  for (const set of elements(names))
    for (const pair of elements(set.body)) {
      const id = element(pair.body);
      const value = element(id.rest);
      const text = value.tag === wideString ? utf16(value.body) : value.body.toString('utf8');
      if (id.body.toString('hex') === commonNameId) commonName = text;
      if (id.body.toString('hex') === organizationId) organizations.push(text);
    }
  return { commonName, organizations };
}

function utf16(bytes: Buffer): string {
  return Buffer.from(bytes).swap16().toString('utf16le');
}

function* elements(bytes: Buffer): Generator<Element, void, undefined> {
  for (let rest = bytes; rest.length > 0; ) {
    const one = element(rest);
    yield one;
    rest = one.rest;
  }
}

/** The first DER element. Throws RangeError where the bytes are none, or not of the wanted tag. */
function element(bytes: Buffer, wanted?: number): Element {
  const tag = bytes.readUInt8(0);
  if (wanted !== undefined && tag !== wanted) throw new RangeError(`tag ${tag} where ${wanted} is expected`);
  const first = bytes.readUInt8(1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4) throw new RangeError('a length beyond all reason');
  const length = lengthBytes === 0 ? first & 0x7f : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  if (start + length > bytes.length) throw new RangeError('an element that is cut off');
  return { tag, body: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
}
