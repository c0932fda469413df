/** Where the processor time of a node's process goes, measured there for some seconds: the functions that took most of it, and the whole as a file for a browser's developer tools. */
import { useState } from "preact/hooks";
import type { Profile as Told } from "@holon/core/diagnosis/results.ts";
import { bytes, milliseconds } from "../format.ts";
import { Choice } from "../parts/choice.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { Table } from "../parts/table.tsx";
import { save } from "../save.ts";
import { words } from "../strings.ts";
import { useRequest } from "../use-request.ts";

const t = words.profile;
const spans = ["2", "10", "30", "60"] as const;

export function Profile({ name }: { readonly name: string }) {
  const [seconds, setSeconds] = useState("10");
  const [told, setTold] = useState<Told>();
  const { busy, problem, waits, ask } = useRequest(name);

  async function measure(): Promise<void> {
    setTold(undefined);
    const result = await ask({ kind: "profile", seconds: Number(seconds) }, 1_000 * Number(seconds));
    if (result !== undefined) setTold(result as Told); // the API that made this page answered it
  }

  return (
    <Section title={t.title}>
      <div class="toolbar">
        <Choice label={t.over} value={seconds} options={spans.map((value) => ({ value, label: t.seconds(value) }))} choose={setSeconds} />
        <button type="button" disabled={busy !== undefined} onClick={() => void measure()}>{busy === undefined ? t.measure : t.measuring(seconds)}</button>
        {told !== undefined && told.cpuprofile !== null && <button type="button" onClick={() => save(`${name}.cpuprofile`, JSON.stringify(told.cpuprofile), "application/json")}>{t.save}</button>}
      </div>
      {told === undefined && <p class="soft">{t.hint}</p>}
      <Problem problem={problem} />
      {waits !== undefined && <p class="warning" role="status">{words.diagnosis.waits(waits)}</p>}
      {told !== undefined && (
        <>
          <p role="status" class="soft">{t.told(told.seconds)}{Object.entries(told.heap).map(([key, value]) => `, ${key.replace(/Bytes$/, "").replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${key.endsWith("Bytes") && typeof value === "number" ? bytes(value) : String(value)}`).join("")}</p>
          {told.cpuprofile === null && <p class="warning">{t.tooLarge}</p>}
          <Table label={t.title} columns={t.columns} figures={[0, 1]} rows={told.top.map((row) => ({ key: `${row.function} ${row.where}`, cells: [`${(100 * row.share).toFixed(1)} %`, milliseconds(row.selfMs), <code>{row.function}</code>, <span class="soft">{row.where}</span>] }))} />
        </>
      )}
    </Section>
  );
}
