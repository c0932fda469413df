import { useEffect, useState } from "preact/hooks";
import { buttonOf, rememberedTheme, showTheme, themeAfter } from "../theme.ts";

export function ThemeButton() {
  const [theme, setTheme] = useState(rememberedTheme);
  useEffect(() => showTheme(theme), [theme]);
  const { shape, title, label } = buttonOf(theme);
  return <button type="button" class="plain" onClick={() => setTheme(themeAfter(theme))} title={title} aria-label={label}>{shape}</button>;
}
