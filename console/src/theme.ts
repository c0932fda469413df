/** Dark or light: the console and the manual ask for it alike, and remember it together. */
const key = "holon-theme";
const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const title = "Dark or light";
const shapes: Readonly<Record<Theme, string>> = { auto: "◐", light: "☀︎", dark: "☾" };
const names: Readonly<Record<Theme, string>> = { auto: "as the system", light: "light", dark: "dark" };

export const rememberedTheme = (): Theme => themes.find((one) => one === localStorage.getItem(key)) ?? "auto";
export const themeAfter = (theme: Theme): Theme => themes[(themes.indexOf(theme) + 1) % themes.length] ?? "auto";

export function showTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  localStorage.setItem(key, theme);
}

/** What stands on its button, and what is said of that. */
export const buttonOf = (theme: Theme): { readonly shape: string; readonly title: string; readonly label: string } => ({ shape: shapes[theme], title, label: `${title}: ${names[theme]}` });
