/** Reads what a TPM signs when it is asked for a quote: TPMS_ATTEST (TPM 2.0 Library, part 2, section 10.12). Big-endian; every length is checked against what is there. */

export interface Attest {
  readonly nonce: Buffer;
  readonly pcrDigest: Buffer;
  /** Whether it is about this register of the SHA-256 bank and no other. */
  selects(register: number): boolean;
}

/** TPM_GENERATED_VALUE: only the TPM itself puts this before what a restricted key signs. */
const generated = 0xff544347;
const typeQuote = 0x8018;
const algorithmSha256 = 0x000b;
const clockBytes = 17;
const firmwareBytes = 8;

/** Undefined where it is no quote. */
export function readAttest(bytes: Buffer): Attest | undefined {
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError("short");
    at += length;
    return bytes.subarray(at - length, at);
  };
  try {
    if (take(4).readUInt32BE() !== generated || take(2).readUInt16BE() !== typeQuote) return undefined;
    take(take(2).readUInt16BE()); // the signer's name
    const nonce = take(take(2).readUInt16BE());
    take(clockBytes + firmwareBytes);
    const selections = take(4).readUInt32BE();
    const banks: { readonly algorithm: number; readonly map: Buffer }[] = [];
    for (let index = 0; index < selections; index++) {
      const algorithm = take(2).readUInt16BE();
      banks.push({ algorithm, map: take(take(1).readUInt8()) });
    }
    const pcrDigest = take(take(2).readUInt16BE());
    if (at !== bytes.length) return undefined;
    return { nonce, pcrDigest, selects: (register) => banks.length === 1 && banks[0]?.algorithm === algorithmSha256 && isOnly(banks[0].map, register) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const isOnly = (map: Buffer, register: number): boolean => map.every((byte, index) => byte === (index === register >> 3 ? 1 << (register & 7) : 0)) && register >> 3 < map.length;
