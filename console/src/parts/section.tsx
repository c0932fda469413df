import type { ComponentChildren } from "preact";

interface SectionProps {
  readonly title: string;
  readonly hint?: string | undefined;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Section({ title, hint, aside, children }: SectionProps) {
  return (
    <section class="section" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {hint !== undefined && <p class="hint">{hint}</p>}
        {aside !== undefined && <div class="aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}
