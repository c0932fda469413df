import { useEffect, useRef } from "preact/hooks";

interface SearchProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  change(value: string): void;
}

/** `/` goes to it, as in many tools. */
export function Search({ label, hint = "", value, change }: SearchProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const { target } = event;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || (target instanceof HTMLElement && /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return (
    <label class="field search">
      <span>{label}</span>
      <input ref={input} type="search" value={value} placeholder={hint} onInput={(event) => change(event.currentTarget.value)} spellcheck={false} autocomplete="off" />
    </label>
  );
}
