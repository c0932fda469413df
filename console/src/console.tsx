/** The frame around all screens: where one is, who one is, and how old what is shown is. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useFleet, type Fleet } from "./fleet.ts";
import { AsOf } from "./parts/as-of.tsx";
import { Boundary } from "./parts/boundary.tsx";
import { Problem } from "./parts/problem.tsx";
import { ThemeButton } from "./parts/theme.tsx";
import { printPlace, usePlace, type Place } from "./route.ts";
import { addressToShare, onTokenChange, servedByControl, token, watchAddress } from "./session.ts";
import { words } from "./strings.ts";
import { AppScreen } from "./screens/app.tsx";
import { Apps } from "./screens/apps.tsx";
import { Continuum } from "./screens/continuum.tsx";
import { Events } from "./screens/events.tsx";
import { Login } from "./screens/login.tsx";
import { NodeScreen } from "./screens/node.tsx";
import { Later } from "./later.tsx";

watchAddress();

const ofControl = ["map", "apps", "alerts", "events", "models", "policy", "meter", "people", "replay"] as const;
const ofNode = ["map", "alerts", "events", "meter", "policy", "replay"] as const;
type Area = (typeof ofControl)[number];
const served = (): readonly Area[] => (servedByControl() ? ofControl : ofNode);
const areaOf = ({ parts: [first = "map"] }: Place): Area => (first === "node" ? "map" : first === "app" ? "apps" : first === "trace" ? "events" : (ofControl.find((area) => area === first) ?? "map"));

export function Console() {
  const [isSignedIn, setSignedIn] = useState(token() !== undefined);
  useEffect(() => onTokenChange(() => setSignedIn(token() !== undefined)), []);
  const place = usePlace();
  const fleet = useFleet(isSignedIn);
  const area = areaOf(place);
  const areas = useRef<HTMLElement>(null);
  // On a phone not all of them are in sight.
  useEffect(() => areas.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }), [area]);
  const isOpen = isSignedIn || area === "replay"; // a file of one's own needs no API
  useEffect(() => {
    document.title = `${[...place.parts.slice(1), words.area[area]].join(" · ")} – ${words.product}`;
  }, [place.parts.join("/")]);
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={skip}>{words.skip}</a>
      <header class="top">
        <a class="brand" href="#/"><Brand /> {words.product}</a>
        {isSignedIn && <AsOf ms={fleet.asOfMs} />}
        <span class="spacer" />
        <a class="quiet" href="/docs/">{words.manual}</a>
        <CopyLink />
        <ThemeButton />
      </header>
      <nav class="areas" aria-label={words.areas} ref={areas}>
        {served().map((each) => (
          <a key={each} href={printPlace([each])} aria-current={each === area ? "page" : undefined}>{words.area[each]}</a>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        <h1 class="for-readers">{words.area[area]}</h1>
        {isSignedIn && <Problem problem={fleet.problem} />}
        {isOpen ? <Boundary key={place.parts.join("/")}><Screen area={area} place={place} fleet={fleet} /></Boundary> : <Login />}
      </main>
    </div>
  );
}

function Screen({ area, place, fleet }: { readonly area: Area; readonly place: Place; readonly fleet: Fleet }) {
  const [first = "map", second] = place.parts;
  if (!["node", "app", "trace", ...ofControl].includes(first)) return <NotFound what={words.noPage(place.parts.join("/"))} />;
  if (!served().includes(area)) return <NotFound what={words.ofControl(words.area[area])} />;
  if (first === "node" && second !== undefined && fleet.asOfMs !== undefined && !fleet.nodes.has(second)) return <NotFound what={words.noNode(second)} />;
  if (first === "node" && second !== undefined) return <NodeScreen key={second} name={second} fleet={fleet} />;
  if (first === "app" && second !== undefined) return <AppScreen key={second} name={second} place={place} fleet={fleet} />;
  if (first === "trace") return <Later area="trace" place={place} fleet={fleet} />;
  if (area === "apps") return <Apps fleet={fleet} />;
  if (area === "events") return <Events place={place} fleet={fleet} />;
  if (area === "map") return <Continuum fleet={fleet} place={place} />;
  return <Later area={area} place={place} fleet={fleet} />;
}

function NotFound({ what }: { readonly what: string }) {
  return <p class="empty" role="status">{what} <a href={printPlace(["map"])}>{words.area.map}</a></p>;
}

/** The address is the state of the console, so the focus is moved by hand. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function CopyLink() {
  const [done, setDone] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(addressToShare(location.href)).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 2_000);
    });
  };
  return <button type="button" class="plain" onClick={copy} title={words.copyLink} aria-label={words.copyLink}><span aria-live="polite">{done ? words.copied : <Link />}</span></button>;
}

const Link = () => (
  <svg width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><path d="M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.700-5.700l-1.300 1.300" /><path d="M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.700 5.700l1.300-1.300" /></svg>
);
const Brand = () => (
  <svg width="18" height="18" viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="13" fill="none" stroke="currentColor" stroke-width="4" /><circle cx="16" cy="16" r="5" fill="currentColor" /></svg>
);
