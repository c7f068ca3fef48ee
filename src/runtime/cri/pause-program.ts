// Owns the program inside every sandbox: a static ELF executable of a few hundred bytes that waits, reaps orphans, and ends on SIGTERM or SIGINT.

/** Processor types that there is a program for, as Node names them. */
export type PauseArch = 'x64' | 'arm64';

// Blocks SIGINT, SIGTERM and SIGCHLD (mask 0x14002) and then takes them one by one: as process 1 of its namespace it would get no signal that has
// neither a handler nor is blocked. SIGCHLD: wait4(-1, 0, WNOHANG, 0) until nothing is left. The others: exit_group(0).
const code: Readonly<Record<PauseArch, string>> = {
  x64: `
    68 02 40 01 00           push 0x14002
    48 89 e6                 mov rsi, rsp
    b8 0e 00 00 00           mov eax, 14            rt_sigprocmask(SIG_BLOCK, &mask, 0, 8)
    31 ff                    xor edi, edi
    31 d2                    xor edx, edx
    41 ba 08 00 00 00        mov r10d, 8
    0f 05                    syscall
    48 89 e7           wait: mov rdi, rsp
    31 f6                    xor esi, esi
    31 d2                    xor edx, edx
    41 ba 08 00 00 00        mov r10d, 8
    b8 80 00 00 00           mov eax, 128           rt_sigtimedwait(&mask, 0, 0, 8)
    0f 05                    syscall
    83 f8 11                 cmp eax, 17            SIGCHLD
    74 0d                    je reap
    85 c0                    test eax, eax
    7e e3                    jle wait
    31 ff                    xor edi, edi
    b8 e7 00 00 00           mov eax, 231           exit_group(0)
    0f 05                    syscall
    bf ff ff ff ff     reap: mov edi, -1
    31 f6                    xor esi, esi
    ba 01 00 00 00           mov edx, 1
    45 31 d2                 xor r10d, r10d
    b8 3d 00 00 00           mov eax, 61            wait4(-1, 0, WNOHANG, 0)
    0f 05                    syscall
    85 c0                    test eax, eax
    7f e6                    jg reap
    eb be                    jmp wait`,
  arm64: `
    41 00 88 d2              movz x1, #0x4002
    21 00 a0 f2              movk x1, #1, lsl #16
    ff 43 00 d1              sub sp, sp, #16
    e1 03 00 f9              str x1, [sp]
    e8 10 80 d2              mov x8, #135           rt_sigprocmask(SIG_BLOCK, &mask, 0, 8)
    e0 03 1f aa              mov x0, xzr
    e1 03 00 91              mov x1, sp
    e2 03 1f aa              mov x2, xzr
    e3 03 7d b2              mov x3, #8
    01 00 00 d4              svc #0
    e0 03 00 91        wait: mov x0, sp
    e1 03 1f aa              mov x1, xzr
    e2 03 1f aa              mov x2, xzr
    e3 03 7d b2              mov x3, #8
    28 11 80 d2              mov x8, #137           rt_sigtimedwait(&mask, 0, 0, 8)
    01 00 00 d4              svc #0
    1f 44 00 f1              cmp x0, #17            SIGCHLD
    c0 00 00 54              b.eq reap
    1f 00 00 f1              cmp x0, #0
    ed fe ff 54              b.le wait
    e0 03 1f aa              mov x0, xzr
    c8 0b 80 d2              mov x8, #94            exit_group(0)
    01 00 00 d4              svc #0
    00 00 80 92        reap: mov x0, #-1
    e1 03 1f aa              mov x1, xzr
    e2 03 40 b2              mov x2, #1
    e3 03 1f aa              mov x3, xzr
    88 20 80 d2              mov x8, #260           wait4(-1, 0, WNOHANG, 0)
    01 00 00 d4              svc #0
    1f 00 00 f1              cmp x0, #0
    2c ff ff 54              b.gt reap
    eb ff ff 17              b wait`,
};

const machine: Readonly<Record<PauseArch, number>> = { x64: 62, arm64: 183 };
const headerBytes = 64;
const segmentBytes = 56;
const loadAddress = 0x400000n;

/** The executable file. */
export function pauseProgram(arch: PauseArch): Buffer {
  const text = Buffer.from((code[arch].match(/^ {4}(?:[0-9a-f]{2} )+/gm) ?? []).join('').replaceAll(' ', ''), 'hex');
  const start = headerBytes + 2 * segmentBytes;
  const file = Buffer.alloc(start + text.length);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine[arch], 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(loadAddress + BigInt(start), 24);
  file.writeBigUInt64LE(BigInt(headerBytes), 32);
  file.writeUInt16LE(headerBytes, 52);
  file.writeUInt16LE(segmentBytes, 54);
  file.writeUInt16LE(2, 56);
  writeSegment(file, headerBytes, { type: 1, flags: 5, address: loadAddress, size: BigInt(file.length), align: 0x10000n });
  // PT_GNU_STACK: without it the stack would be executable.
  writeSegment(file, headerBytes + segmentBytes, { type: 0x6474e551, flags: 6, address: 0n, size: 0n, align: 16n });
  text.copy(file, start);
  return file;
}

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly address: bigint;
  readonly size: bigint;
  readonly align: bigint;
}

function writeSegment(file: Buffer, at: number, { type, flags, address, size, align }: Segment): void {
  file.writeUInt32LE(type, at);
  file.writeUInt32LE(flags, at + 4);
  file.writeBigUInt64LE(address, at + 16);
  file.writeBigUInt64LE(address, at + 24);
  file.writeBigUInt64LE(size, at + 32);
  file.writeBigUInt64LE(size, at + 40);
  file.writeBigUInt64LE(align, at + 48);
}
