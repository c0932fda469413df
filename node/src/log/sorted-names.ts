/** Names in order, so that those that begin alike are found without a look at all the others. */
export class SortedNames {
  readonly #names: string[];

  constructor(names: Iterable<string>) {
    this.#names = [...names].sort(byText);
  }

  add(name: string): void {
    const place = this.#placeOf(name);
    if (this.#names[place] !== name) this.#names.splice(place, 0, name);
  }

  remove(name: string): void {
    const place = this.#placeOf(name);
    if (this.#names[place] === name) this.#names.splice(place, 1);
  }

  /** In order. */
  *beginning(prefix: string): Iterable<string> {
    for (let place = this.#placeOf(prefix); ; place++) {
      const name = this.#names[place];
      if (name === undefined || !name.startsWith(prefix)) return;
      yield name;
    }
  }

  /** Where the name is, or would be. */
  #placeOf(name: string): number {
    let [low, high] = [0, this.#names.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#names[middle] ?? "") < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
