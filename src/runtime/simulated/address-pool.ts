// Owns the addresses that a simulated node gives to its pods: each at most once at a time, in turn.

/** Addresses of an IPv4 range such as `10.42.0.0/24`; the first two (the range's own, the gateway) and the last are not given out. */
export class AddressPool {
  readonly #base: number;
  readonly #size: number;
  readonly #used = new Set<number>();
  #next = 2;

  constructor(cidr: string) {
    const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
    if (parts === null) throw new Error(`not an IPv4 range: ${cidr}`);
    const octets = parts.slice(1, 5).map(Number);
    this.#size = 2 ** (32 - Number(parts[5]));
    const whole = octets.reduce((sum, octet) => sum * 256 + octet, 0);
    this.#base = whole - (whole % this.#size);
  }

  /** A free address; undefined where all are taken. */
  take(): string | undefined {
    for (let tried = 2; tried < this.#size - 1; tried++) {
      const at = this.#next;
      this.#next = at + 1 >= this.#size - 1 ? 2 : at + 1;
      if (this.#used.has(at)) continue;
      this.#used.add(at);
      const address = this.#base + at;
      return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
    }
    return undefined;
  }

  release(address: string): void {
    this.#used.delete(address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0) - this.#base);
  }
}
