import { useEffect, useState } from "preact/hooks";
import { words } from "../strings.ts";

const key = "holon-theme";
const themes = ["auto", "light", "dark"] as const;
const shapes = { auto: "◐", light: "☀︎", dark: "☾" } as const;

export function ThemeButton() {
  const [theme, setTheme] = useState<(typeof themes)[number]>(themes.find((one) => one === localStorage.getItem(key)) ?? "auto");
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
    localStorage.setItem(key, theme);
  }, [theme]);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? "auto";
  return <button type="button" class="plain" onClick={() => setTheme(next)} title={words.theme} aria-label={`${words.theme}: ${words.themes[theme]}`}>{shapes[theme]}</button>;
}
