/** A body that stands ready as JSON text: large answers are not written out anew for each who asks. */
export class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  /** Whoever wants to look into it. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}
