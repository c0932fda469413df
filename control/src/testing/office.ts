/** The people of a fleet at its control plane, as over HTTP and by a policy that the test sets. */
import assert from "node:assert/strict";
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import { guardRoutes } from "@holon/core/api/guarded.ts";
import type { Route, RouteAnswer, RouteRequest } from "@holon/core/api/route.ts";
import { compilePolicy } from "@holon/core/policy/compile.ts";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import { z } from "zod";
import { controlRoutes } from "../api/routes.ts";
import type { People } from "../people/people.ts";
import { ControlFleet } from "./control-fleet.ts";

export const password = "correct horse battery";

export class Office {
  readonly fleet: ControlFleet;
  policy = "policy none 1\n";

  static async open(): Promise<Office> {
    const office = new Office(await ControlFleet.start([{ name: "cloud", tier: "cloud" }]));
    await office.drive(office.people.addUser({ name: "olga", role: "owner", password }, machineCaller));
    return office;
  }

  constructor(fleet: ControlFleet) {
    this.fleet = fleet;
  }

  get people(): People {
    const { people } = this.fleet.control;
    assert.ok(people !== undefined);
    return people;
  }

  drive<T>(work: Promise<T>): Promise<T> {
    return this.fleet.drive(work);
  }

  async login(name: string, word = password): Promise<Caller> {
    const { token } = await this.drive(this.people.login(name, word, "127.0.0.1"));
    const caller = this.people.callerOf(token);
    assert.ok(caller !== undefined);
    return caller;
  }

  async add(name: string, role: "owner" | "operator" | "publisher" | "auditor" | "viewer"): Promise<Caller> {
    await this.drive(this.people.addUser({ name, role, password }, machineCaller));
    return this.login(name);
  }

  /** As over HTTP, by the policy that is set here. */
  call(caller: Caller, method: Route["method"], path: string, request: { readonly params?: Record<string, string>; readonly query?: Record<string, string>; readonly body?: unknown; readonly demand?: RouteRequest["demand"] } = {}): Promise<RouteAnswer> {
    const { decide } = compilePolicy(parsePolicy(this.policy));
    const routes = guardRoutes(controlRoutes(this.fleet.control), { decide: (principal, name, context) => Promise.resolve(decide(principal, "call", { name }, context)), approved: this.people.approved, refused: this.people.refused });
    const route = routes.find((one) => one.method === method && one.path === path);
    assert.ok(route !== undefined, path);
    return this.drive(route.handle({ params: {}, query: {}, body: undefined, ...request, caller }));
  }

  async sleep(ms: number): Promise<void> {
    await this.fleet.world.run({ timeMs: this.fleet.world.nowMs + ms });
  }

  /** What the trail holds of a type, as who may read all of it does. */
  async trail(type: string): Promise<readonly Record<string, unknown>[]> {
    const found = await this.drive(this.fleet.log.find({ accepts: ({ stream }) => stream === "audit", type, limit: 1_000 }));
    return found.map(({ event }) => z.record(z.string(), z.unknown()).parse(this.people.show(event, machineCaller).data));
  }
}
