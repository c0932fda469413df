/** For working on the console: `npm run dev --workspace console`, beside a running `npm start`. What nodes serve is made by `platform/src/pages.ts`. */
import { defineConfig } from "vite";

const api = "http://127.0.0.1:7400";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: { host: "127.0.0.1", port: 7490, proxy: { "/v1": api, "/openapi.json": api } },
});
