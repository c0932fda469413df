/** A run of the simulator on the same map as the fleet. The file stays in this browser. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Choice } from "../parts/choice.tsx";
import { Section } from "../parts/section.tsx";
import { fleetAt, parseRunTrace, type RunTrace } from "../run-trace.ts";
import { groupBySite } from "../site-groups.ts";
import { words } from "../strings.ts";
import { SiteTiles } from "./site-tiles.tsx";
import { TreeMap } from "./tree-map.tsx";

const t = words.replay;
const drawnMax = 48;

export function Replay() {
  const [trace, setTrace] = useState<RunTrace>();
  const [problem, setProblem] = useState<string>();
  const open = (file: File | undefined): void => {
    if (file === undefined) return;
    void file.text().then((text) => {
      setTrace(parseRunTrace(text));
      setProblem(undefined);
    }).catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  };
  if (trace === undefined) {
    return (
      <Section title={t.title} hint={t.hint}>
        <pre><code>npx holon sim run --scenario cut-and-heal --seed 3 --trace run.jsonl</code></pre>
        <div class="drop" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); open(event.dataTransfer?.files[0]); }}>
          <label class="field"><span>{t.choose}</span><input type="file" accept=".jsonl,.json,.ndjson" onChange={(event) => open(event.currentTarget.files?.[0])} /></label>
          <p class="soft">{t.drop}</p>
        </div>
        {problem !== undefined && <p class="warning" role="alert">{t.bad(problem)}</p>}
      </Section>
    );
  }
  return <Player trace={trace} close={() => setTrace(undefined)} />;
}

const frameMs = 100;
/** Of the slider: about what a key moves. */
const stepMs = 50;
const speeds = ["1", "5", "20", "100", "1000"];
const listed = 12;

function Player({ trace, close }: { readonly trace: RunTrace; close(): void }) {
  const [atMs, setAt] = useState(0);
  const [speed, setSpeed] = useState("20");
  const [isPlaying, setIsPlaying] = useState(true);
  /** Known at once: a step that is due already must not move what somebody has just chosen. */
  const playing = useRef(true);
  const setPlaying = (on: boolean): void => {
    playing.current = on;
    setIsPlaying(on);
  };
  useEffect(() => {
    if (!isPlaying) return;
    const timer = setInterval(() => playing.current && setAt((before) => Math.min(trace.endMs, before + frameMs * Number(speed))), frameMs);
    return () => clearInterval(timer);
  }, [isPlaying, speed, trace]);
  useEffect(() => {
    if (atMs >= trace.endMs) setPlaying(false);
  }, [atMs, trace]);
  const fleet = useMemo(() => fleetAt(trace, atMs), [trace, atMs]);
  const groups = useMemo(() => groupBySite(fleet.nodes.values(), fleet, Date.now()), [fleet]);
  const happened = trace.happenings.filter((happening) => happening.atMs <= atMs).slice(-listed).toReversed();
  const waiting = Object.values(fleet.backlogs).reduce((sum, { records }) => sum + records, 0);
  const { ended } = trace;
  const play = (): void => {
    if (atMs >= trace.endMs) setAt(0);
    setPlaying(!isPlaying);
  };
  return (
    <>
      <header class="title"><h2>{trace.scenario} <small>seed {trace.seed}, {trace.nodes.length} {t.nodes}</small></h2></header>
      <div class="player">
        <button type="button" class="main" onClick={play}>{isPlaying ? t.pause : t.play}</button>
        <input type="range" min={0} max={stepMs * Math.ceil(trace.endMs / stepMs)} step={stepMs} value={atMs} aria-label={t.at} aria-valuetext={timeText(atMs)} onInput={(event) => { setPlaying(false); setAt(Math.min(trace.endMs, Number(event.currentTarget.value))); }} />
        <span class="figure" data-at={Math.round(atMs)}>{timeText(atMs)} / {timeText(trace.endMs)}</span>
        <Choice label={t.speed} value={speed} options={speeds.map((value) => ({ value, label: `${value}×` }))} choose={setSpeed} />
        <button type="button" onClick={close}>{t.another}</button>
      </div>
      <p class="fleet-line"><span>{waiting.toLocaleString("en-GB")} {t.waiting}</span>{trace.healedMs !== undefined && atMs >= trace.healedMs && <span>{t.allHealed} {timeText(trace.healedMs)}</span>}</p>
      {trace.nodes.length <= drawnMax ? <TreeMap groups={groups} fleet={fleet} /> : <SiteTiles groups={groups} fleet={fleet} />}
      <Section title={t.events}>
        <ol class="plain-list">{happened.map(({ atMs: time, node, what }) => <li key={`${time} ${node} ${what}`}><span class="soft">{timeText(time)}</span> <b>{node}</b> {t.happened[what]}</li>)}</ol>
      </Section>
      {ended !== undefined && atMs >= trace.endMs && (
        <Section title={t.end}>
          <p>{ended.delivered.toLocaleString("en-GB")} {t.delivered} {ended.acknowledged.toLocaleString("en-GB")} {t.acknowledged}, {ended.violations.length === 0 ? t.noViolations : t.violations}</p>
          {ended.violations.length > 0 && <pre>{ended.violations.join("\n")}</pre>}
        </Section>
      )}
    </>
  );
}

/** `1:02:03.4`, from the beginning of the run. */
function timeText(ms: number): string {
  const tenths = Math.floor(ms / 100) % 10;
  const seconds = Math.floor(ms / 1_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${tenths}`;
}
